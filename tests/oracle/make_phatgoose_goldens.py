"""Golden files of PHATGOOSE: gated loss and gradients, and routed logits, from phatgoose_reference.py.

The experts differ in rank, scale and adapted linears; one linear is adapted by none of them.

Usage: python tests/oracle/make_phatgoose_goldens.py (after make_model_goldens.py)
"""

import math

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

from make_peft_goldens import load_base, module_path, randomise, small_batch, write_adapter
from oracle_common import GOLDEN, relative_difference, write_expected
from phatgoose_reference import Expert, Router, gated

EXPERTS_DIRECTORY = GOLDEN / "experts"
LARGEST_GATED_NOISE = 6e-6  # of a gradient, fp32 against fp64; the tests judge to 1e-5
SPARED = r"(?!decoder\.block\.1\.layer\.2\.DenseReluDense\.wo)"

EXPERTS = {
    "wide": {"r": 4, "lora_alpha": 1, "target_modules": SPARED + r".*\.(q|k|v|o|wi_0|wi_1|wo)"},
    "attention": {"r": 2, "lora_alpha": 4, "target_modules": ["q", "k", "v", "o"]},
    "feed_forward": {"r": 6, "lora_alpha": 2, "use_rslora": True, "target_modules": SPARED + r".*\.(wi_0|wi_1|wo)"},
    "encoder": {"r": 3, "lora_alpha": 3, "target_modules": r"encoder\..*\.(q|k|v|o|wi_0|wi_1|wo)"},
    "narrow": {"r": 1, "lora_alpha": 1, "target_modules": SPARED + r".*\.(q|k|v|o|wi_0|wi_1|wo)"},
}

ROUTINGS = {
    "k1": {"k": 1},
    "k2": {"k": 2},
    "k3_temperature_half": {"k": 3, "temperature": 0.5},
    "k2_temperature_two": {"k": 2, "temperature": 2.0},
    "all": {"k": 5},
    "more_than_all": {"k": 9},
    "k2_renorm": {"k": 2, "renorm_eps": 1e-6},
    "k2_renorm_large": {"k": 2, "renorm_eps": 0.05, "temperature": 2.0},
    "top_p": {"top_p": 0.7},
    "top_p_temperature": {"top_p": 0.5, "temperature": 3.0},
    "k2_without_wide": {"k": 2, "enabled": ["attention", "feed_forward", "encoder", "narrow"]},
    "only_encoder": {"k": 2, "enabled": ["encoder"]},
}


def make_expert(name, settings, seed):
    peft_model = get_peft_model(load_base(), LoraConfig(task_type="SEQ_2_SEQ_LM", **settings))
    randomise(peft_model, seed)
    pairs = {}
    for parameter_name, parameter in peft_model.named_parameters():
        if "lora_" in parameter_name:
            path, factor = module_path(parameter_name)
            pairs.setdefault(path, {})[factor] = parameter.detach()
    factors = {path: (pair["lora_A"], pair["lora_B"]) for path, pair in pairs.items()}
    rank = settings["r"]
    scale = settings["lora_alpha"] / (math.sqrt(rank) if settings.get("use_rslora") else rank)
    generator = torch.Generator().manual_seed(seed + 1000)
    gates = {path: 0.1 + 0.3 * torch.randn(a.shape[1], generator=generator) for path, (a, _) in sorted(factors.items())}
    return Expert(name, factors, dict.fromkeys(factors, scale), gates), peft_model


def gated_gradients(model, expert, batch):
    """The output of a gated pass, and the gradients of all gates and factors in the model's dtype, by name."""
    leaves = {}
    for path, gate in expert.gates.items():
        a, b = expert.factors[path]
        for name, tensor in (("gate", gate), ("lora_A", a), ("lora_B", b)):
            leaves[f"{path}.{name}"] = tensor.to(model.dtype, copy=True).requires_grad_()
    gates = {path: leaves[f"{path}.gate"] for path in expert.gates}
    factors = {path: (leaves[f"{path}.lora_A"], leaves[f"{path}.lora_B"]) for path in expert.gates}
    with gated(model, Expert(expert.name, factors, expert.scales, gates)):
        output = batch.forward(model)
    output.loss.backward()
    return output, {name: leaf.grad for name, leaf in leaves.items()}


def make_gated_golden(expert, batch):
    """Loss, logits and the gradient of every gate vector and factor, for gates as stored and for zero gates."""
    tensors, numbers = {}, {"sources": batch.sources, "targets": batch.targets, "expert": expert.name}
    for kind, factor in (("stored", 1.0), ("zero", 0.0)):
        start = Expert(expert.name, expert.factors, expert.scales,
                       {path: factor * gate for path, gate in expert.gates.items()})
        output, gradients = gated_gradients(load_base(), start, batch)
        _, exact = gated_gradients(load_base().double(), start, batch)
        noise = max(relative_difference(gradients[name], exact[name]) for name in exact)
        assert noise < LARGEST_GATED_NOISE, f"gated, {kind}: gradients are only known to {noise:.1e}"
        numbers[f"loss.{kind}"] = output.loss.item()
        tensors[f"logits.{kind}"] = batch.pack_targets(output.logits)
        tensors |= {f"gradient.{kind}.{name}": gradient for name, gradient in exact.items()}
    write_expected(GOLDEN / "phatgoose_gated", tensors, numbers)
    print("gated:", {key: value for key, value in numbers.items() if key.startswith("loss")})


def route(experts, batch, settings):
    settings = dict(settings)
    enabled = settings.pop("enabled", [expert.name for expert in experts])
    router = Router([expert for expert in experts if expert.name in enabled], batch, **settings)
    return router.logits(load_base()), router.margin


def make_routed_golden(experts, batch):
    """Logits under several router settings; false where some choice hangs on rounding."""
    tensors, numbers = {}, {"sources": batch.sources, "targets": batch.targets, "experts": list(EXPERTS),
                            "routings": ROUTINGS}
    for name, settings in ROUTINGS.items():
        tensors[f"logits.{name}"], margin = route(experts, batch, settings)
        if margin < 3e-5:
            return False
        print(f"routed {name}: margin {margin:.1e}")
    write_expected(GOLDEN / "phatgoose_routed", tensors, numbers)
    return True


def main():
    torch.set_num_threads(1)
    batch = small_batch(load_base().config.vocab_size)
    seed = 100
    while True:
        made = [make_expert(name, settings, seed + 10 * index)
                for index, (name, settings) in enumerate(EXPERTS.items())]
        experts = [expert for expert, _ in made]
        if make_routed_golden(experts, batch):
            break
        seed += 1
    for expert, peft_model in made:
        write_adapter(peft_model, EXPERTS_DIRECTORY / expert.name)
        save_file(expert.gates, EXPERTS_DIRECTORY / expert.name / "gate.safetensors")
    make_gated_golden(experts[0], batch)


if __name__ == "__main__":
    main()
