"""Writes tests/golden/store/*.bin with torch.save: what the checkpoint reader must read, and what it must refuse.

Usage: python tests/oracle/make_torch_golden.py
Needs: torch (written with 2.13).
"""

import collections
import pathlib

import torch

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "store"


def ramp(*shape, dtype=torch.float32):
    count = 1
    for size in shape:
        count *= size
    return torch.arange(count).reshape(shape).to(dtype)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = torch.nn.Embedding(4, 3)
        self.shared.weight.data = ramp(4, 3)
        self.embed_tokens = torch.nn.Embedding(4, 3)
        self.embed_tokens.weight = self.shared.weight
        self.linear = torch.nn.Linear(3, 2, bias=False, dtype=torch.bfloat16)
        self.linear.weight.data = ramp(2, 3, dtype=torch.bfloat16)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    torch.save(Model().state_dict(), OUT / "module.bin")

    dtypes = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
              torch.int8, torch.uint8, torch.bool]
    every = {str(dtype).removeprefix("torch."): ramp(3, dtype=dtype) for dtype in dtypes}
    block = ramp(4, 5)
    every["rows"] = block[1:3]  # contiguous, at an offset of a shared storage
    every["column"] = block[:, :1][:1]  # strides of sizes that are 1 do not matter
    every["scalar"] = torch.tensor(7.0)
    every["empty"] = torch.zeros(0, 5)
    every["parameter"] = torch.nn.Parameter(ramp(2))
    torch.save(every, OUT / "dtypes.bin")

    torch.save({"w": ramp(2, 3)}, OUT / "legacy.bin", _use_new_zipfile_serialization=False)
    torch.save({"w": ramp(2, 3).t()}, OUT / "transposed.bin")
    torch.save({"w": ramp(2), "step": 3}, OUT / "not_tensors.bin")
    torch.save({"model": {"w": ramp(2)}}, OUT / "nested.bin")
    torch.save([ramp(2)], OUT / "list.bin")
    torch.save({"w": collections.Counter()}, OUT / "foreign_class.bin")
    torch.save({"w": ramp(2, dtype=torch.complex64)}, OUT / "complex.bin")
    torch.save({"w": ramp(2)}, OUT / "protocol4.bin", pickle_protocol=4)


if __name__ == "__main__":
    main()
