"""Evaluates the embedded base on some of its tasks, in every kind and by every metric, and judges the results with the
reference packages (check_results.py).

Usage: python tests/oracle/check_embedded_results.py ROOT PROGRAMS
"""

import pathlib
import subprocess
import sys
import tempfile

from check_results import check_results

SUITE = """
name: judged
tasks:
  - {name: food, data: food/test.jsonl, kind: rank_classification}
  - {name: fare, data: fare/test.jsonl, kind: rank_classification, length_normalise: false, max_input: 20}
  - name: past
    data: past/test.jsonl
    kind: generation
    max_new_tokens: 8
    metrics: [exact_match, squad_em, squad_f1, rouge_1, rouge_2, rouge_l, bleu]
"""


def main():
    root, programs = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    base = root / "assets" / "base"
    with tempfile.TemporaryDirectory() as scratch:
        suite, out = pathlib.Path(scratch) / "suite.yaml", pathlib.Path(scratch) / "out"
        suite.write_text(SUITE, encoding="utf-8")
        subprocess.run([programs / "phatgoose-eval", "--model", base, "--suite", suite, "--out", out, "--log", "quiet",
                        "--data-dir", root / "assets" / "tasks"], check=True, stdout=subprocess.DEVNULL)
        assert check_results(base, out) == 180


if __name__ == "__main__":
    main()
