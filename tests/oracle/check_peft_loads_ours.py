"""Loads expert directories that phatgoose wrote with `peft` itself, and checks that every factor arrives in its place.

Usage: python tests/oracle/check_peft_loads_ours.py BASE_DIRECTORY EXPERT_DIRECTORY...
Needs: torch, transformers, peft, safetensors. Exits with 1 and says why when something is amiss.
"""

import json
import pathlib
import sys
import warnings

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import T5ForConditionalGeneration


def check(base_directory, expert_directory):
    warnings.simplefilter("error", UserWarning)  # all that peft does about missing and unexpected keys
    base = T5ForConditionalGeneration.from_pretrained(base_directory)
    model = PeftModel.from_pretrained(base, expert_directory)
    stored = load_file(expert_directory / "adapter_model.safetensors")
    config = json.loads((expert_directory / "adapter_config.json").read_text())
    loaded = {name.replace(".default.", "."): tensor for name, tensor in model.state_dict().items() if "lora_" in name}
    assert loaded.keys() == stored.keys(), sorted(loaded.keys() ^ stored.keys())[:4]
    for name, tensor in stored.items():
        assert torch.equal(loaded[name], tensor), name
    for name, module in model.named_modules():
        if hasattr(module, "scaling") and "default" in getattr(module, "lora_A", {}):
            rank = module.lora_A["default"].weight.shape[0]
            assert abs(module.scaling["default"] - config["lora_alpha"] / rank) < 1e-9, name
    logits = model(input_ids=torch.tensor([[3, 4, 1]]), labels=torch.tensor([[5, 1]])).logits
    assert torch.isfinite(logits).all()
    with model.disable_adapter():
        plain = model(input_ids=torch.tensor([[3, 4, 1]]), labels=torch.tensor([[5, 1]])).logits
    assert not torch.equal(logits, plain), "the adapter changes nothing"
    print(f"{expert_directory}: {len(stored) // 2} linears")


def main():
    base, *experts = (pathlib.Path(argument) for argument in sys.argv[1:])
    for expert in experts:
        check(base, expert)


if __name__ == "__main__":
    main()
