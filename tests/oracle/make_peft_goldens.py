"""Golden files of adapters: LoRA directories that `peft` wrote, and one of ours, with its logits and gradients.

Usage: python tests/oracle/make_peft_goldens.py (after make_model_goldens.py)
"""

import copy
import itertools
import json
import shutil

import torch
from oracle_common import (GOLDEN, LARGEST_NOISE, Batch, make_rows, relative_difference, rounding_noise,
                           write_expected, write_json, write_versions)
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.tuners_utils import NoMatchingPeftModuleError
from safetensors.torch import load_file
from transformers import T5ForConditionalGeneration
from transformers.utils import logging

BASE = "t5_v1_1"
WRITTEN_HERE = "written_here"  # its adapter was written by the toolkit (tests/parity/fixed_expert.h)
ALL_LINEARS = ["q", "k", "v", "o", "wi_0", "wi_1", "wo"]

CASES = {
    "peft_default": {"r": 4, "target_modules": ALL_LINEARS},
    "peft_rslora": {"r": 4, "lora_alpha": 6, "use_rslora": True, "target_modules": ALL_LINEARS},
    "peft_patterns": {"r": 3, "lora_alpha": 5, "target_modules": ALL_LINEARS,
                      "rank_pattern": {"SelfAttention.q": 2, "decoder.block.1.layer.2.DenseReluDense.wo": 6},
                      "alpha_pattern": {"wi_0": 1, "encoder.block.0.layer.0.SelfAttention.q": 12}},
    "peft_query_value": {"r": 2, "lora_alpha": 4, "target_modules": ["q", "v"]},
    "peft_regex": {"r": 2, "lora_alpha": 2, "target_modules": r"decoder\..*\.(EncDecAttention\.[qo]|wo)"},
    "peft_excluded": {"r": 2, "target_modules": "all-linear", "exclude_modules": r"decoder\..*\.wo|.*\.(k|wi_1)"},
    "peft_layers": {"r": 2, "target_modules": ["q", "wo", "decoder.block.0.layer.1.EncDecAttention.v"],
                    "layers_to_transform": [1], "layers_pattern": "block"},
}

# Which modules of the base PEFT adapts under settings that choose them.
LAYERS = {"target_modules": ["q", "o"], "layers_to_transform": [1]}
TARGETS = [
    {},
    {"target_modules": ["q", "wi_0", "SelfAttention.k", "ttention.v"]},
    {"target_modules": ["q", "lm_head"]},
    {"target_modules": ["shared", "relative_attention_bias"]},
    {"target_modules": "q"},
    {"target_modules": r".*\.[qv]"},
    {"target_modules": r"encoder.*(q|v)$"},
    {"target_modules": r"encoder\.block\.0\..*\.q|decoder\.block\.1\..*\.o"},
    {"target_modules": "lm_head"},
    {"target_modules": "all-linear"},
    {"target_modules": "ALL-Linear", "exclude_modules": ["wo", "EncDecAttention.q"]},
    {"target_modules": ["all-linear"]},
    {"target_modules": ["q", "v"], "exclude_modules": "decoder.*"},
    {"target_modules": ["q", "v"], "exclude_modules": "q"},
    {"target_modules": ["q", "v"], "exclude_modules": ["q", "EncDecAttention"]},
    {"target_modules": ["q", "v"], "exclude_modules": []},
    {"target_modules": ["q", "v"], "exclude_modules": ""},
    {"target_modules": ["q", "v"], "exclude_modules": ["encoder.block.0.layer.0.SelfAttention.q"]},
    {"layers_to_transform": [0]},
    LAYERS,
    {**LAYERS, "layers_to_transform": 1},
    {**LAYERS, "layers_to_transform": []},
    {**LAYERS, "layers_to_transform": [0, 1, 7]},
    {**LAYERS, "layers_to_transform": -1},
    {**LAYERS, "layers_pattern": "block"},
    {**LAYERS, "layers_pattern": "layer"},
    {**LAYERS, "layers_pattern": ["h", "layer", "block"]},
    {**LAYERS, "layers_pattern": []},
    {**LAYERS, "layers_pattern": ""},
    {**LAYERS, "layers_pattern": "blo"},
    {**LAYERS, "layers_pattern": "bl.*k"},
    {**LAYERS, "layers_pattern": "(b)(lock|ock)"},
    {**LAYERS, "layers_pattern": "encoder|block"},
    {**LAYERS, "layers_pattern": "encoder|block", "layers_to_transform": -1},
    {**LAYERS, "exclude_modules": ["EncDecAttention.o"]},
    {"target_modules": ["q", "encoder.block.0.layer.0.SelfAttention.v"], "layers_to_transform": [1]},
    {"target_modules": ["q"], "layers_pattern": "block"},
    {"target_modules": ["q"], "layers_pattern": []},
    {"target_modules": "q", "layers_to_transform": [1]},
    {"target_modules": "all-linear", "layers_to_transform": [1]},
    {"target_modules": ".*q", "layers_pattern": []},
]


def load_base():
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return T5ForConditionalGeneration.from_pretrained(GOLDEN / BASE / "model", attn_implementation="eager").eval()


def small_batch(vocab_size):
    return Batch(make_rows(vocab_size, [10, 26, 5], seed=3), make_rows(vocab_size, [6, 2, 11], seed=4))


def randomise(peft_model, seed, b_size=0.3):
    """Random factors, B included, so that the adapter changes the logits visibly."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(peft_model.named_parameters()):
            if "lora_" in name:
                size = parameter.shape[1] ** -0.5 if "lora_A" in name else b_size
                parameter.copy_(size * torch.randn(parameter.shape, generator=generator))


def make_adapter(settings, batch):
    """The first random adapter whose gradients are known well enough."""
    for seed in itertools.count():
        peft_model = get_peft_model(load_base(), LoraConfig(task_type="SEQ_2_SEQ_LM", **settings)).eval()
        randomise(peft_model, seed, b_size=0.1)
        if rounding_noise(peft_model, batch) < LARGEST_NOISE:
            return peft_model


def write_adapter(peft_model, directory):
    shutil.rmtree(directory, ignore_errors=True)
    peft_model.peft_config["default"].base_model_name_or_path = BASE
    peft_model.save_pretrained(directory)
    (directory / "README.md").unlink()
    path = directory / "adapter_config.json"
    config = json.loads(path.read_text())
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()  # `peft` writes a set, in an order of the day
    write_json(path, config)


def write_old_adapter(directory):
    """The same adapter as `peft` wrote it before safetensors."""
    old = directory / "old_adapter"
    old.mkdir(exist_ok=True)
    shutil.copy(directory / "adapter" / "adapter_config.json", old)
    torch.save(load_file(directory / "adapter" / "adapter_model.safetensors"), old / "adapter_model.bin")


def module_path(parameter_name):
    """("encoder.block.0.layer.0.SelfAttention.q", "lora_A") of PEFT's parameter name."""
    path, _, factor = parameter_name.removeprefix("base_model.model.").partition(".lora_")
    return path, "lora_" + factor[0]


def expect(peft_model, directory, batch):
    """Logits, loss and the gradient of every factor."""
    noise = rounding_noise(peft_model, batch)
    assert noise < LARGEST_NOISE, f"{directory.name}: gradients are only known to {noise:.1e}"
    peft_model.zero_grad()
    output = batch.forward(peft_model)
    output.loss.backward()
    tensors = {"logits": batch.pack_targets(output.logits)}
    for name, parameter in peft_model.named_parameters():
        if "lora_" in name:
            tensors["gradient." + ".".join(module_path(name))] = parameter.grad
    write_expected(directory, tensors, {"sources": batch.sources, "targets": batch.targets,
                                        "loss": output.loss.item()})
    print(f"{directory.name}: loss {output.loss.item():.4f}, rounding noise {noise:.1e}")


def expect_logits(peft_model, directory, batch):
    """Logits and loss only: numbers that cannot be drawn anew do not give gradients known well enough."""
    with torch.no_grad():
        output = batch.forward(peft_model)
        logits = batch.pack_targets(output.logits)
        double = batch.pack_targets(batch.forward(copy.deepcopy(peft_model).double()).logits)
    noise = relative_difference(logits, double)
    assert noise < LARGEST_NOISE, f"{directory.name}: logits are only known to {noise:.1e}"
    write_expected(directory, {"logits": logits}, {"sources": batch.sources, "targets": batch.targets,
                                                   "loss": output.loss.item()})
    print(f"{directory.name}: loss {output.loss.item():.4f}, rounding noise of the logits {noise:.1e}")


def reread(directory):
    return PeftModel.from_pretrained(load_base(), directory, is_trainable=True).eval()


def targeted(settings):
    """Paths of the modules that PEFT adapts, none where it finds none; "refused" where it takes no such settings."""
    try:
        return sorted(get_peft_model(load_base(), LoraConfig(r=2, **settings)).targeted_module_names)
    except NoMatchingPeftModuleError:
        return []
    except ValueError:
        return "refused"


def write_targets(directory):
    directory.mkdir(exist_ok=True)
    write_json(directory / "expected.json", [{"settings": copy.deepcopy(settings), "targeted": targeted(settings)}
                                             for settings in TARGETS])


def main():
    torch.set_num_threads(1)
    write_targets(GOLDEN / "peft_targets")
    batch = small_batch(load_base().config.vocab_size)
    print(f"base: loss {batch.forward(load_base()).loss.item():.4f}")
    for name, settings in CASES.items():
        peft_model = make_adapter(settings, batch)
        write_adapter(peft_model, GOLDEN / name / "adapter")
        expect(reread(GOLDEN / name / "adapter"), GOLDEN / name, batch)
    write_old_adapter(GOLDEN / "peft_query_value")
    expect_logits(reread(GOLDEN / WRITTEN_HERE / "adapter"), GOLDEN / WRITTEN_HERE, batch)
    write_versions()


if __name__ == "__main__":
    main()
