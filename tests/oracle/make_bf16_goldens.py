"""How far `transformers` in bf16 is from itself in fp32, alone and with a gated LoRA: the measure for ours.

Usage: python tests/oracle/make_bf16_goldens.py (after make_phatgoose_goldens.py)
"""

import json

import torch
from oracle_common import GOLDEN, IGNORED, Batch, read_expected, write_json
from phatgoose_reference import hooked
from safetensors.torch import load_file
from transformers import T5ForConditionalGeneration
from transformers.utils import logging

MODELS = ("t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual")


def distance(actual, expected):
    """The norm of the difference, relative to the norm of what is expected."""
    return ((actual.float() - expected).norm() / expected.norm()).item()


def load(name):
    model = T5ForConditionalGeneration.from_pretrained(GOLDEN / name / "model", attn_implementation="eager",
                                                       dtype=torch.bfloat16).eval()
    assert all(parameter.dtype == torch.bfloat16 for parameter in model.parameters())
    return model


def errors(name):
    """Distances of the encoder states and of the logits in bf16 from those in fp32."""
    tensors, numbers = read_expected(GOLDEN / name)
    batch = Batch(numbers["sources"], numbers["targets"])
    model = load(name)
    with torch.no_grad():
        output = batch.forward(model)
    return {"encoder_states": distance(batch.pack_sources(output.encoder_last_hidden_state), tensors["encoder_states"]),
            "logits": distance(batch.pack_targets(output.logits), tensors["logits"])}


def gated_bf16(model, leaves, scale):
    """y = W u + c B A u sigmoid(v . u) in bf16 with fp32 parameters; scores and sigmoid are fp32."""

    def hook_of(path):
        if f"{path}.gate" not in leaves:
            return None
        a, b, v = (leaves[f"{path}.{kind}"] for kind in ("lora_A", "lora_B", "gate"))

        def hook(u, y):
            gate = torch.sigmoid(u.float() @ v).unsqueeze(-1)
            return y + (scale * gate).to(u.dtype) * (u @ a.to(u.dtype).T) @ b.to(u.dtype).T

        return hook

    return hooked(model, hook_of)


def gated_errors():
    """Distance of all gradients of gates and factors, as one vector, in bf16 from those in fp32."""
    tensors, numbers = read_expected(GOLDEN / "phatgoose_gated")
    batch = Batch(numbers["sources"], numbers["targets"])
    directory = GOLDEN / "experts" / numbers["expert"]
    config = json.loads((directory / "adapter_config.json").read_text())
    assert not config["use_rslora"] and not config["rank_pattern"] and not config["alpha_pattern"]
    leaves = {f"{path}.gate": gate for path, gate in load_file(directory / "gate.safetensors").items()}
    for name, factor in load_file(directory / "adapter_model.safetensors").items():
        leaves[name.removeprefix("base_model.model.").removesuffix(".weight")] = factor
    for leaf in leaves.values():
        leaf.requires_grad_()
    model = load("t5_v1_1")
    with gated_bf16(model, leaves, config["lora_alpha"] / config["r"]):
        logits = batch.forward(model).logits.float()
    torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED).backward()
    names = sorted(leaves)
    found = torch.cat([leaves[name].grad.flatten() for name in names])
    expected = torch.cat([tensors[f"gradient.stored.{name}"].flatten() for name in names])
    return {"gradients": distance(found, expected)}


def main():
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    directory = GOLDEN / "bf16"
    directory.mkdir(exist_ok=True)
    found = {name: errors(name) for name in MODELS} | {"phatgoose_gated": gated_errors()}
    write_json(directory / "errors.json", found)
    print(found)


if __name__ == "__main__":
    main()
