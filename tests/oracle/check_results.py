"""Judges finished results with the reference packages: log-likelihoods and generated texts with `transformers`, metrics
with `rouge_score`, `sacrebleu` and the SQuAD v1.1 rule.

Usage: python tests/oracle/check_results.py MODEL RESULTS [ROWS]

MODEL: the base that was evaluated, in fp32. RESULTS: a directory of `phatgoose eval --base`. ROWS: how many rows of each
task are computed again, spread over its file (all by default); metrics are of all rows.
"""

import gzip
import json
import math
import pathlib
import sys

import torch
import transformers
from oracle_common import T5ForConditionalGeneration
from reference_metrics import corpus_bleu, rouge, squad_em, squad_f1

LARGEST_DIFFERENCE = 1e-4  # of log-likelihoods, relative where they are beyond 1
SAME_SCORE = 1e-6


def read_lines(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="\n") as lines:
        return [json.loads(line) for line in lines if line.strip()]


class Judge:
    def __init__(self, model):
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        self.model = T5ForConditionalGeneration.from_pretrained(model, dtype=torch.float32).eval()

    def encode(self, text, max_length=None):
        cut = {} if max_length is None else {"truncation": True, "max_length": max_length}
        return self.tokenizer(text, **cut).input_ids

    @torch.no_grad()
    def log_likelihoods(self, row, task):
        source = torch.tensor([self.encode(row["input"], task["max_input"])])
        encoded = self.model.encoder(source)
        sums, lengths = [], []
        for choice in row["choices"]:
            target = torch.tensor([self.encode(choice)])
            logits = self.model(encoder_outputs=encoded, labels=target).logits
            scores = logits.log_softmax(-1).gather(-1, target.unsqueeze(-1))
            sums.append(scores.double().sum().item())
            lengths.append(target.numel())
        return sums, lengths

    @torch.no_grad()
    def generate(self, row, task):
        source = torch.tensor([self.encode(row["input"], task["max_input"])])
        ids = self.model.generate(source, max_new_tokens=task["max_new_tokens"], do_sample=False, num_beams=1)
        return self.tokenizer.decode(ids[0], skip_special_tokens=True)


def spread(samples, count):
    if count is None or count >= len(samples):
        return samples
    return [samples[i * len(samples) // count] for i in range(count)]


def check_choices(judge, task, sample, row):
    """The largest difference; the decision must be the same unless the reference has a tie."""
    sums, lengths = judge.log_likelihoods(row, task)
    place = f"{task['name']}, row {sample['row']}"
    assert lengths == sample["num_tokens"], f"{place}: {sample['num_tokens']} tokens; {lengths} expected"
    differences = [abs(a - b) / max(1, abs(b)) for a, b in zip(sample["log_likelihoods"], sums, strict=True)]
    assert max(differences) < LARGEST_DIFFERENCE, f"{place}: {sample['log_likelihoods']}; {sums} expected"
    scores = [a / n for a, n in zip(sums, lengths, strict=True)] if task["length_normalise"] else sums
    lead = max(scores) - scores[sample["prediction"]]
    assert lead < LARGEST_DIFFERENCE * max(1, abs(max(scores))), f"{place}: {sample['prediction']} of {scores}"
    answers = {text.strip() for text in [row.get("target"), *row.get("targets", [])] if text is not None}
    right = [i for i, choice in enumerate(row["choices"]) if choice.strip() in answers]
    assert right == sample["right"], f"{place}: {sample['right']} are right; {right} expected"
    return max(differences)


def answers_of(sample):
    return list(dict.fromkeys([sample["target"], *sample.get("targets", [])]))


def metric_of(name, task, samples):
    """In percent, by the reference packages."""
    if name.startswith("accuracy"):
        by_mean = task["length_normalise"] if name == "accuracy" else name == "accuracy_by_mean"
        hits = 0
        for sample in samples:
            lengths = sample["num_tokens"] if by_mean else [1] * len(sample["num_tokens"])
            scores = [a / n for a, n in zip(sample["log_likelihoods"], lengths, strict=True)]
            hits += scores.index(max(scores)) in sample["right"]
        return 100 * hits / len(samples)
    pairs = [(sample["output"], answers_of(sample)) for sample in samples]
    if name == "bleu":
        return corpus_bleu(pairs)
    rules = {
        "exact_match": lambda output, answers: any(output.strip() == answer.strip() for answer in answers),
        "normalised_match": squad_em,
        "squad_em": squad_em,
        "squad_f1": squad_f1,
        "rouge_1": lambda output, answers: rouge("rouge1", output, answers),
        "rouge_2": lambda output, answers: rouge("rouge2", output, answers),
        "rouge_l": lambda output, answers: rouge("rougeL", output, answers),
    }
    return 100 * sum(float(rules[name](*pair)) for pair in pairs) / len(pairs)


def check_task(judge, task, samples, count):
    rows = read_lines(pathlib.Path(task["data"]))
    largest = 0.0
    judged = spread(samples, count)
    for sample in judged:
        row = rows[sample["row"]]
        if task["kind"] == "rank_classification":
            largest = max(largest, check_choices(judge, task, sample, row))
        else:
            expected = judge.generate(row, task)
            assert sample["output"] == expected, f"{task['name']}, row {sample['row']}: {sample['output']!r}; {expected!r}"
    for name, metric in task["metrics"].items():
        expected = metric_of(name, task, samples)
        assert math.isclose(metric["score"], expected, abs_tol=SAME_SCORE), f"{task['name']}: {name} {metric['score']}; {expected}"
    metrics = ", ".join(f"{name} {metric['score']:.2f}" for name, metric in task["metrics"].items())
    print(f"{task['name']}: {len(judged)} of {len(samples)} rows, log-likelihoods to {largest:.1e}, {metrics}")
    return len(judged)


def check_results(model, results, count=None):
    """How many rows were computed again."""
    judge = Judge(model)
    samples = read_lines(results / "samples.jsonl")
    rows = 0
    for task in json.loads((results / "results.json").read_text(encoding="utf-8"))["tasks"]:
        rows += check_task(judge, task, [sample for sample in samples if sample["task"] == task["name"]], count)
    print(f"{rows} rows agree")
    return rows


if __name__ == "__main__":
    check_results(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
