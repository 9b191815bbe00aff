"""Golden files of the text metrics: numbers of `rouge_score`, `sacrebleu`, and the SQuAD v1.1 rule written out again here.

Usage: python tests/oracle/make_scoring_goldens.py
"""

import importlib.metadata
import json
import pathlib

import sacrebleu
from reference_metrics import corpus_bleu, rouge, squad_em, squad_f1, squad_normalise

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "scoring" / "metrics.json"

# (output, right answers)
ROWS = [
    ("the cat sat on the mat", ["the cat sat on the mat"]),
    ("The cat sat on the mat.", ["the cat sat on the mat"]),
    ("a cat was sitting on a mat", ["the cat sat on the mat", "there is a cat on the mat"]),
    ("", ["nothing"]),
    ("something", [""]),
    ("", [""]),
    ("the", ["a"]),
    ("The a an", ["the"]),
    ("  spaced   out\ttext \n", ["spaced out text"]),
    ("42", ["42"]),
    ("42.0", ["42"]),
    ("3,141.59 and 2.5-3.5", ["3,141.59 and 2.5 - 3.5"]),
    ("$8.50 (or 7.45)", ["$ 8.50 ( or 7.45 )"]),
    ("don't stop; won't stop!", ["do not stop, will not stop"]),
    ("well-known state-of-the-art", ["well known state of the art"]),
    ("one two three four five six seven eight", ["eight seven six five four three two one"]),
    ("one one one one", ["one two", "one one"]),
    ("two two", ["one two two two"]),
    ("a b c d e f g h i j", ["a x c y e z g q i w"]),
    ("Geese fly south in autumn.", ["In autumn, geese fly south.", "Geese go south when it is cold."]),
    ("&quot;quoted&quot; &amp; &lt;tagged&gt; &amp;lt;", ["\"quoted\" & <tagged> <"]),
    ("line one\nline two", ["line one line two"]),
    ("hyphen-\nated word", ["hyphenated word"]),
    ("<skipped>rest", ["rest"]),
    ("e.g., this... that,,, 1,000,000. .5 5. , .", ["e.g. this that 1,000,000 0.5 5"]),
    ("5-6 a-b 7- -8 9-a", ["5 - 6 a-b 7 -8 9-a"]),
    ("100% [sure] {yes} ~maybe~ a/b @home #1 x^2 c_d 'quote' `tick`", ["100 % sure yes maybe a / b home 1"]),
    ("caf\u00e9 na\u00efve \u00dcber", ["CAF\u00c9 NA\u00cfVE \u00fcber"]),
    ("cafe\u0301, na\u00efve.", ["caf\u00e9 naive"]),
    ("\u4e2d\u6587 \u6587\u672c\u3002", ["\u4e2d\u6587\u6587\u672c"]),
    ("\u041c\u043e\u0441\u043a\u0432\u0430 \u2014 \u0441\u0442\u043e\u043b\u0438\u0446\u0430", ["\u043c\u043e\u0441\u043a\u0432\u0430 \u0441\u0442\u043e\u043b\u0438\u0446\u0430"]),
    ("no\u00a0break\u2003space\u3000here", ["no break space here"]),
    ("\u0130stanbul \u212aelvin", ["istanbul kelvin"]),
    ("the \u201cbest\u201d answer\u2019s", ["best answers"]),
    ("A-the an.a the,", ["the a"]),
    ("theatre another a1 the2 _a a_", ["theatre"]),
    ("a\u0301 \u00e1 the\u0301", ["\u00e1"]),
    ("The answer is (B).", ["B", "(B)", "answer B"]),
    ("yes", ["Yes", "YES", "yes."]),
    ("No.", ["yes", "no"]),
    ("x" * 30, ["x" * 30]),
    ("the quick brown fox jumps over the lazy dog near the river bank", ["the quick brown dog jumps over the lazy fox by the river"]),
    ("two experts agree on the answer and the router mixes them", ["the router mixes two experts", "two experts agree and are mixed by the router"]),
    ("repeat repeat repeat the the the", ["the repeat"]),
    ("Call 555-1234 at 10:30 a.m. on 2024-02-05", ["call 555 1234 at 10 30 am on 2024 02 05"]),
    ("\U0001f986 duck \U0001f986", ["duck"]),
    ("tab\tseparated\tvalues", ["tab separated values"]),
    ("trailing newline\n", ["trailing newline"]),
    ("MiXeD CaSe TeXt", ["mixed case text"]),
    ("short", ["a much longer reference than the short output has any hope to match in full"]),
    ("a much longer output than the reference has any use for, with many extra words", ["longer output"]),
    ("\x1funit\x1cseparators", ["unit separators"]),
    ("\u0395\u03bb\u03bb\u03ac\u03b4\u03b1 caf\u00e9 12 caf\u00e9 12", ["caf\u00e9 12", "\u0395\u03bb\u03bb\u03ac\u03b4\u03b1 12 12"]),
    ("one two one two one", ["one two one", "two one two one two"]),
    ("single", ["single", "word"]),
    ("", ["", "nothing"]),
    ("...", ["", "!"]),
    ("\u4e2d", ["\u4e2d", "\u6587"]),
    ("an answer: the 3rd of 4", ["3rd of 4", "the answer an 3rd of 4 4"]),
]


def main():
    bleu_tokens = sacrebleu.metrics.BLEU().tokenizer
    rows = []
    for output, answers in ROWS:
        rows.append({
            "output": output,
            "answers": answers,
            "exact_match": any(output.strip() == answer.strip() for answer in answers),
            "normalised": squad_normalise(output),
            "squad_em": squad_em(output, answers),
            "rouge_1": rouge("rouge1", output, answers),
            "rouge_2": rouge("rouge2", output, answers),
            "rouge_l": rouge("rougeL", output, answers),
            "squad_f1": squad_f1(output, answers),
            "tokens_13a": bleu_tokens(output.rstrip()).split(),
            "bleu": corpus_bleu([(output, answers)]),
        })
    parts = {"all": ROWS, "first half": ROWS[:26], "second half": ROWS[26:], "no match": [ROWS[3], ROWS[6]]}
    packages = ("rouge_score", "sacrebleu")
    golden = {"versions": {name: importlib.metadata.version(name) for name in packages},
              "rows": rows,
              "corpora": [{"name": name, "rows": [ROWS.index(row) for row in part], "bleu": corpus_bleu(part)}
                          for name, part in parts.items()]}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(golden, indent=1) + "\n")


main()
