"""Loads with `peft` the adapters that the toolkit wrote, and compares the logits with the golden files.

Usage: python tests/oracle/check_with_peft.py DIRECTORY (written by `parity "[export]"`)
"""

import pathlib
import sys

from make_peft_goldens import load_base
from oracle_common import GOLDEN, Batch, read_expected, relative_difference
from peft import PeftModel

ADAPTERS = ["peft_default", "peft_rslora", "peft_query_value", "peft_regex", "written_here"]
TOLERANCE = 1e-5


def main():
    directory = pathlib.Path(sys.argv[1])
    for name in ADAPTERS:
        tensors, numbers = read_expected(GOLDEN / name)
        batch = Batch(numbers["sources"], numbers["targets"])
        model = PeftModel.from_pretrained(load_base(), directory / name).eval()
        logits = batch.pack_targets(batch.forward(model).logits)
        difference = relative_difference(logits, tensors["logits"])
        assert difference < TOLERANCE, f"{name}: logits differ by {difference:.1e}"
        print(f"{name}: logits differ by {difference:.1e} of the largest")


if __name__ == "__main__":
    main()
