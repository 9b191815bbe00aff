"""Writes tests/golden/store/reference.safetensors and its metadata twin with the reference writer.

Usage: python tests/oracle/make_safetensors_golden.py
Needs: numpy, torch, safetensors (written with 0.8.0).
"""

import pathlib

import torch
from safetensors.torch import save_file

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "store"


def ramp(shape, dtype):
    count = 1
    for size in shape:
        count *= size
    values = torch.arange(count, dtype=torch.float64) * 0.5 - 1
    return (values != 0 if dtype == torch.bool else values.abs()).to(dtype).reshape(shape)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    tensors = {
        "z.float": ramp((2, 3), torch.float32),
        "a.float": ramp((1,), torch.float32),
        "half": ramp((3,), torch.float16),
        "brain": ramp((2, 2), torch.bfloat16),
        "double": ramp((2,), torch.float64),
        "long": ramp((2,), torch.int64),
        "int": ramp((3,), torch.int32),
        "short": ramp((1, 5), torch.int16),
        "signed byte": ramp((3,), torch.int8),
        "byte": ramp((4,), torch.uint8),
        "flag": ramp((3,), torch.bool),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
        'quote " back \\ tab \t bell \x07 e \u00e9 \u2603': ramp((2,), torch.float32),
    }
    save_file(tensors, OUT / "reference.safetensors")
    save_file({"w": ramp((2, 2), torch.float32)}, OUT / "metadata.safetensors", metadata={"format": "pt"})


if __name__ == "__main__":
    main()
