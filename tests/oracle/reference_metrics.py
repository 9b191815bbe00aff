"""Metrics of texts by the reference packages, `rouge_score` and `sacrebleu`, and by the SQuAD v1.1 rule written out."""

import collections
import re
import string

import sacrebleu
from rouge_score import rouge_scorer

ARTICLES = re.compile(r"\b(a|an|the)\b")
ROUGE = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)


def squad_normalise(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(ARTICLES.sub(" ", text).split())


def squad_em(output, answers):
    return any(squad_normalise(output) == squad_normalise(answer) for answer in answers)


def squad_f1(output, answers):
    return max(one_squad_f1(output, answer) for answer in answers)


def one_squad_f1(output, answer):
    left, right = squad_normalise(output).split(), squad_normalise(answer).split()
    shared = sum((collections.Counter(left) & collections.Counter(right)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(left), shared / len(right)
    return 2 * precision * recall / (precision + recall)


def rouge(kind, output, answers):
    """`kind`: rouge1, rouge2 or rougeL."""
    return max(ROUGE.score(answer, output)[kind].fmeasure for answer in answers)


def corpus_bleu(rows):
    """Of (output, answers). References are transposed; rows with fewer of them repeat their last, which changes nothing."""
    most = max(len(answers) for _, answers in rows)
    references = [[answers[min(i, len(answers) - 1)] for _, answers in rows] for i in range(most)]
    return sacrebleu.corpus_bleu([output for output, _ in rows], references, force=True).score
