"""Has the toolkit write modular adapters, loads them with `peft`, and checks that every tensor arrives in its place and
that the logits of rows of different tasks are those of the golden files.

Usage: python tests/oracle/check_modular_with_peft.py UNIT-CORE
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import warnings

import torch
from make_modular_goldens import CASES, TaskBatch
from make_peft_goldens import load_base
from oracle_common import GOLDEN, read_expected, relative_difference
from peft import PeftModel
from safetensors.torch import load_file

TOLERANCE = 1e-5


def check(name, directory):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # all that peft does about missing and unexpected keys
        model = PeftModel.from_pretrained(load_base(), directory).eval()
    stored = load_file(directory / "adapter_model.safetensors")
    loaded = {key.replace(".default", ""): tensor for key, tensor in model.state_dict().items() if ".poly_" in key}
    assert loaded.keys() == stored.keys(), sorted(loaded.keys() ^ stored.keys())[:4]
    for key, tensor in stored.items():
        assert torch.equal(loaded[key], tensor), key
    tensors, numbers = read_expected(GOLDEN / name)
    batch = TaskBatch(numbers["sources"], numbers["targets"], numbers["tasks"])
    difference = relative_difference(batch.pack_targets(batch.forward(model).logits), tensors["logits"])
    assert difference < TOLERANCE, f"{name}: logits differ by {difference:.1e}"
    batch.tasks = [batch.tasks[0]] * len(batch.tasks)
    other = relative_difference(batch.pack_targets(batch.forward(model).logits), tensors["logits"])
    assert other > 100 * TOLERANCE, f"{name}: tasks do not matter"
    print(f"{name}: {len(stored) // 3} linears, logits differ by {difference:.1e} of the largest")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.argv[1], "Write modular adapters for peft"], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "PHATGOOSE_MODULAR_OUT": scratch})
        for name in CASES:
            check(name, pathlib.Path(scratch) / name)


if __name__ == "__main__":
    main()
