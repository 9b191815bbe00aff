"""Loads with `transformers` the models that the toolkit saved, and compares them with the golden files.

Usage: python tests/oracle/check_with_transformers.py DIRECTORY (written by `parity "[export]"`)

The same holds with version 4 (4.57.6), which only what the toolkit wrote is put to: the bases that some of it was made
from mean something else there.
"""

import pathlib
import sys

import torch
import transformers
from oracle_common import GOLDEN, Batch, load_file, load_saved, load_written, read_expected, relative_difference

GOLDEN_MODELS = ["t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual"]
EXPORTED = ["peft_default", "peft_rslora", "peft_patterns", "peft_merged"]  # bases with these experts in their weights
TOLERANCE = 1e-5


def check_golden_model(name, golden, directory):
    """The golden logits from the weights alone; the bf16 copy holds the rounded weights."""
    tensors, numbers = read_expected(GOLDEN / golden)
    batch = Batch(numbers["sources"], numbers["targets"])
    model = load_written(directory / name)
    difference = relative_difference(batch.pack_targets(batch.forward(model).logits), tensors["logits"])
    assert difference < TOLERANCE, f"{name}: logits differ by {difference:.1e}"
    rounded = load_written(directory / f"{name}_bf16", torch.bfloat16)
    for (key, single), (_, half) in zip(model.named_parameters(), rounded.named_parameters(), strict=True):
        assert torch.equal(single.bfloat16(), half), f"{name}: {key} in bf16"
    print(f"{name}: logits differ by {difference:.1e} of the largest")


def check_head(directory):
    """A base of some kind of head has the toolkit's logits, and so has what the toolkit makes of it."""
    _, numbers = read_expected(GOLDEN / directory.name.split("-")[0])
    batch = Batch(numbers["sources"], numbers["targets"])
    expected = load_file(directory / "expected.safetensors")["logits"]
    models = {"written": load_written(directory / "written")}
    if transformers.__version__.startswith("5."):
        models["base"], _ = load_saved(directory / "base")
    for name, model in models.items():
        difference = relative_difference(batch.pack_targets(batch.forward(model).logits), expected)
        assert difference < TOLERANCE, f"{directory.name}/{name}: logits differ by {difference:.1e}"
        print(f"{directory.name}/{name}: logits differ by {difference:.1e} of the largest")


def main():
    directory = pathlib.Path(sys.argv[1])
    for name in GOLDEN_MODELS:
        check_golden_model(name, name, directory)
    for name in EXPORTED:
        check_golden_model(f"exported_{name}", name, directory)
    heads = sorted((directory / "heads").iterdir())
    assert len(heads) >= 9, heads
    for head in heads:
        check_head(head)


if __name__ == "__main__":
    main()
