"""Loads the embedded base and experts with `transformers` and `peft`, and compares what they say of the choices of rows of
the embedded tasks with what `phatgoose eval` says.

Usage: python tests/oracle/check_assets.py REPOSITORY PROGRAMS (the directory with the built phatgoose)
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import torch
from oracle_common import load_written
from peft import PeftModel
from transformers import T5Tokenizer

ROWS = 4
TOLERANCE = 1e-4  # of a sum of log-likelihoods, relative


def said_by_phatgoose(assets, program, expert):
    """The log-likelihoods of every choice of the first rows of the expert's own test file."""
    with tempfile.TemporaryDirectory() as scratch:
        # In fp32, as the reference: where the processor has AMX, eval takes bf16 of itself.
        subprocess.run([program, "eval", "--log", "quiet", "--dtype", "fp32", "--model", assets / "base",
                        "--expert", expert, "--suite", assets / "suites" / "held-in.yaml", "--tasks", expert.name,
                        "--limit", str(ROWS),
                        "--out", f"{scratch}/results"], check=True, stdout=subprocess.DEVNULL)
        samples = pathlib.Path(scratch, "results", "samples.jsonl").read_text().splitlines()
    return [json.loads(sample)["log_likelihoods"] for sample in samples]


def said_by_peft(model, tokenizer, row):
    source = tokenizer(row["input"], return_tensors="pt")
    sums = []
    for choice in row["choices"]:
        labels = tokenizer(choice, return_tensors="pt").input_ids
        with torch.no_grad():
            scores = model(**source, labels=labels).logits.log_softmax(-1)
        sums.append(scores.gather(-1, labels[..., None]).sum().item())
    return sums


def check(assets, program, expert):
    base = load_written(assets / "base")
    model = PeftModel.from_pretrained(base, expert, autocast_adapter_dtype=True).eval()
    tokenizer = T5Tokenizer.from_pretrained(assets / "base")
    lines = (assets / "tasks" / expert.name / "test.jsonl").read_text().splitlines()[:ROWS]
    theirs = [said_by_peft(model, tokenizer, json.loads(line)) for line in lines]
    ours = said_by_phatgoose(assets, program, expert)
    difference = max(abs(a - b) / abs(a) for mine, other in zip(theirs, ours, strict=True) for a, b in zip(mine, other))
    assert difference < TOLERANCE, f"{expert.name}: log-likelihoods differ by {difference:.1e}"
    return difference


def main():
    warnings.simplefilter("error", UserWarning)  # all that peft does about missing and unexpected keys
    assets, program = pathlib.Path(sys.argv[1], "assets"), pathlib.Path(sys.argv[2], "phatgoose")
    experts = sorted((assets / "experts").iterdir())
    assert len(experts) >= 16, experts
    print(f"largest difference {max(check(assets, program, expert) for expert in experts):.1e}")


if __name__ == "__main__":
    main()
