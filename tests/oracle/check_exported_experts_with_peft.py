"""Has the toolkit make experts of the tasks of PEFT's golden Poly directories, loads these with `peft` as LoRA, and checks
that every row has the logits that PEFT's own Poly gives it for its task.

Usage: python tests/oracle/check_exported_experts_with_peft.py PROGRAM (phatgoose-export-expert)
"""

import pathlib
import subprocess
import sys
import tempfile
import warnings

import torch
from make_modular_goldens import CASES
from make_peft_goldens import load_base
from oracle_common import GOLDEN, Batch, read_expected, relative_difference
from peft import PeftModel

TOLERANCE = 1e-5


def logits_of(expert, source, target):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # all that peft does about missing and unexpected keys
        model = PeftModel.from_pretrained(load_base(), expert).eval()
    batch = Batch([source], [target])
    return batch.pack_targets(batch.forward(model).logits)


def check(program, name, scratch):
    tensors, numbers = read_expected(GOLDEN / name)
    rows = []
    for source, target, task in zip(numbers["sources"], numbers["targets"], numbers["tasks"], strict=True):
        expert = scratch / name / str(task)
        subprocess.run([program, "--model", GOLDEN / "t5_v1_1/model", "--from", GOLDEN / name / "adapter", "--task",
                        str(task), "--out", expert], check=True, stdout=subprocess.DEVNULL)
        rows.append(logits_of(expert, source, target))
    difference = relative_difference(torch.cat(rows), tensors["logits"])
    assert difference < TOLERANCE, f"{name}: logits differ by {difference:.1e}"
    other = relative_difference(logits_of(scratch / name / str(numbers["tasks"][1]), numbers["sources"][0],
                                          numbers["targets"][0]), rows[0])
    assert other > 100 * TOLERANCE, f"{name}: tasks do not matter"
    print(f"{name}: logits differ by {difference:.1e} of the largest")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        for name in CASES:
            check(sys.argv[1], name, pathlib.Path(scratch))


if __name__ == "__main__":
    main()
