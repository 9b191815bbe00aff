"""Golden files of Adafactor as `transformers` computes it, with learning rates from outside.

tests/golden/adafactor holds parameters of one to four dimensions, their gradients at every step, and under several
settings the parameters after every step and the running means after the last.

Usage: python tests/oracle/make_adafactor_goldens.py
"""

import torch
from oracle_common import GOLDEN, LARGEST_NOISE, relative_difference, write_expected, write_versions
from transformers.optimization import Adafactor

SHAPES = {"vector": (7,), "matrix": (5, 6), "zero": (4, 6), "layers": (3, 4, 5), "blocks": (2, 3, 5, 4)}
LR_SCALES = {"blocks": 0.25}
RATES = [0.0, 0.01, 0.02, 0.015, 0.005]
SETTINGS = {"plain": {"scale_parameter": False}, "scaled": {"scale_parameter": True},
            "plain_decayed": {"scale_parameter": False, "weight_decay": 0.1},
            "scaled_decayed": {"scale_parameter": True, "weight_decay": 0.1}}
MEANS = {"exp_avg_sq_row": "row_mean", "exp_avg_sq_col": "column_mean", "exp_avg_sq": "square_mean"}


def make_start(seed):
    generator = torch.Generator().manual_seed(seed)
    start = {name: 2 * torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}
    start["zero"].zero_()
    return start


def make_gradients(seed):
    """By step and name. Sizes differ by rows, steps and parameters, and one row's is zero."""
    generator = torch.Generator().manual_seed(seed)
    gradients = []
    for step in range(len(RATES)):
        of_step = {}
        for name, shape in SHAPES.items():
            size = 10.0 ** torch.randint(-4, 3, shape[:-1] + (1,), generator=generator)
            of_step[name] = size * torch.randn(shape, generator=generator) / (step + 1)
        of_step["matrix"][2] = 0
        gradients.append(of_step)
    return gradients


def train(start, gradients, settings, dtype=torch.float32):
    """The parameters after every step, and the optimiser's means at the end, by name."""
    parameters = {name: torch.nn.Parameter(value.to(dtype, copy=True)) for name, value in start.items()}
    groups = [{"params": [parameter], "lr": None} for parameter in parameters.values()]
    optimizer = Adafactor(groups, lr=RATES[0], relative_step=False, warmup_init=False, **settings)
    found = {}
    for step, rate in enumerate(RATES):
        for group, (name, parameter) in zip(optimizer.param_groups, parameters.items(), strict=True):
            group["lr"] = rate * LR_SCALES.get(name, 1.0)
            parameter.grad = gradients[step][name].to(dtype, copy=True)
        optimizer.step()
        found |= {f"{step}.{name}": parameter.detach().clone() for name, parameter in parameters.items()}
    for name, parameter in parameters.items():
        found |= {f"{ours}.{name}": optimizer.state[parameter][theirs] for theirs, ours in MEANS.items()
                  if theirs in optimizer.state[parameter]}
    return found


def main():
    torch.set_num_threads(1)
    start, gradients = make_start(1), make_gradients(2)
    tensors = {f"start.{name}": value for name, value in start.items()}
    for step, of_step in enumerate(gradients):
        tensors |= {f"gradient.{step}.{name}": gradient for name, gradient in of_step.items()}
    noise = 0
    for setting, options in SETTINGS.items():
        single = train(start, gradients, options)
        double = train(start, gradients, options, torch.float64)
        noise = max([noise] + [relative_difference(single[name], value) for name, value in double.items() if value.any()])
        tensors |= {f"{setting}.{name}": value for name, value in single.items()}
    assert noise < LARGEST_NOISE, noise
    write_expected(GOLDEN / "adafactor", tensors, {"rates": RATES, "lr_scales": LR_SCALES, "settings": SETTINGS})
    write_versions()
    print("rounding noise", noise)


if __name__ == "__main__":
    main()
