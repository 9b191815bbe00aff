"""Loads with `transformers` the models that the toolkit saved, and compares them with the golden files.

Usage: python tests/oracle/check_with_transformers.py DIRECTORY (written by `parity "[export]"`)
"""

import pathlib
import sys

import torch
from oracle_common import GOLDEN, Batch, read_expected, relative_difference
from transformers import T5ForConditionalGeneration

GOLDEN_MODELS = ["t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual"]
EXPORTED = ["peft_default", "peft_rslora", "peft_patterns", "peft_merged"]  # bases with these experts in their weights
TOLERANCE = 1e-5


def load(directory, dtype=torch.float32):
    model, report = T5ForConditionalGeneration.from_pretrained(
        directory, dtype=dtype, attn_implementation="eager", output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not report[kind], f"{directory}: {kind} {report[kind]}"
    return model.eval()


def check_golden_model(name, golden, directory):
    """The golden logits from the weights alone; the bf16 copy holds the rounded weights."""
    tensors, numbers = read_expected(GOLDEN / golden)
    batch = Batch(numbers["sources"], numbers["targets"])
    model = load(directory / name)
    difference = relative_difference(batch.pack_targets(batch.forward(model).logits), tensors["logits"])
    assert difference < TOLERANCE, f"{name}: logits differ by {difference:.1e}"
    rounded = load(directory / f"{name}_bf16", torch.bfloat16)
    for (key, single), (_, half) in zip(model.named_parameters(), rounded.named_parameters(), strict=True):
        assert torch.equal(single.bfloat16(), half), f"{name}: {key} in bf16"
    print(f"{name}: logits differ by {difference:.1e} of the largest")


def main():
    directory = pathlib.Path(sys.argv[1])
    for name in GOLDEN_MODELS:
        check_golden_model(name, name, directory)
    for name in EXPORTED:
        check_golden_model(f"exported_{name}", name, directory)


if __name__ == "__main__":
    main()
