"""Golden file of merged experts: what `peft` makes of the golden experts with add_weighted_adapter("cat"), and its logits.

`cat` stacks c_e A_e / E below each other and B_e beside each other, under a scale of 1: exactly the mean of c_e B_e A_e.
The experts are unequal in rank, scale (one is rank-stabilised) and adapted linears. `peft` takes the settings of the
first for the result, rank stabilisation included, so the first must be a plain one; and it cannot mix target_modules
that are lists with those that are expressions, so the expert "attention" stays out.

Usage: python tests/oracle/make_merge_goldens.py (after make_phatgoose_goldens.py)
"""

import shutil

import torch
from make_peft_goldens import BASE, load_base, small_batch
from oracle_common import GOLDEN, relative_difference, write_expected, write_versions
from peft import PeftModel
from peft.tuners.lora import LoraLayer

NAME = "peft_merged"
EXPERTS = ["wide", "feed_forward", "encoder", "narrow"]
WEIGHT = 1 / len(EXPERTS)


def merge():
    model = PeftModel.from_pretrained(load_base(), GOLDEN / "experts" / EXPERTS[0], adapter_name=EXPERTS[0])
    for name in EXPERTS[1:]:
        model.load_adapter(GOLDEN / "experts" / name, adapter_name=name)
    model.add_weighted_adapter(EXPERTS, [WEIGHT] * len(EXPERTS), "merged", combination_type="cat")
    model.set_adapter("merged")
    for name in EXPERTS:
        model.delete_adapter(name)
    return model.eval()


def save(model, directory):
    shutil.rmtree(directory, ignore_errors=True)
    model.peft_config["merged"].base_model_name_or_path = BASE
    model.save_pretrained(directory)
    (directory / "README.md").unlink()
    (directory / "merged").rename(directory / "adapter")


def main():
    torch.set_num_threads(1)
    torch.manual_seed(0)  # the signs of the zeros that fill up ranks come from random numbers
    model = merge()
    assert all(module.scaling["merged"] == 1 for module in model.modules() if isinstance(module, LoraLayer))
    directory = GOLDEN / NAME
    save(model, directory)
    batch = small_batch(model.config.vocab_size)
    with torch.no_grad():
        logits = batch.pack_targets(batch.forward(model).logits)
        base = batch.pack_targets(batch.forward(load_base()).logits)
    assert relative_difference(logits, base) > 1e-2, "the merged experts change nothing"
    write_expected(directory, {"logits": logits},
                   {"sources": batch.sources, "targets": batch.targets, "experts": EXPERTS})
    write_versions()
    print(f"{NAME}: logits differ from the base's by {relative_difference(logits, base):.2f} of the largest")


if __name__ == "__main__":
    main()
