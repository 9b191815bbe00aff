"""Golden files of `phatgoose import`: checkpoints with the tensor names of the original PHATGOOSE code, and logits.

The numbers are random; names and shapes are those of github.com/r-three/phatgoose: factors transposed, [in, R] and
[R, out], under the scale 1/R, one gate for each linear, and the weights of the base beside them. The logits are those of
each expert alone, without its gate, computed from the factors as they stand in the file.

Usage: python tests/oracle/make_import_goldens.py (after make_model_goldens.py)
"""

import torch
from make_peft_goldens import small_batch
from oracle_common import GOLDEN, write_expected
from phatgoose_reference import hooked
from transformers import T5ForConditionalGeneration
from transformers.utils import logging

BASE = "t5_v1_1_rewritten"
NAMES = ["cosmos_qa", "rotten tomatoes"]
RANK = 2


def load_base():
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return T5ForConditionalGeneration.from_pretrained(GOLDEN / BASE / "model", attn_implementation="eager").eval()


def adapted_linears(model):
    names = ("q", "k", "v", "o", "wi_0", "wi_1", "wo")
    return {path: module for path, module in model.named_modules() if path.split(".")[-1] in names}


def make_experts(model):
    generator = torch.Generator().manual_seed(11)
    tensors = {}
    for index in range(len(NAMES)):
        for path, linear in adapted_linears(model).items():
            size_out, size_in = linear.weight.shape
            addons = f"{path}._addons"
            tensors |= {
                f"{addons}.expert_lora.layer1__{index}": torch.randn(size_in, RANK, generator=generator) * size_in**-0.5,
                f"{addons}.expert_lora.layer2__{index}": torch.randn(RANK, size_out, generator=generator),
                f"{addons}.router.expert_embeddings__{index}": torch.randn(size_in, generator=generator),
            }
    return tensors


def logits_of(model, batch, tensors, index):
    def hook_of(path):
        key = f"{path}._addons.expert_lora.layer{{}}__{index}"
        if key.format(1) not in tensors:
            return None
        return lambda u, y: y + u @ tensors[key.format(1)] @ tensors[key.format(2)] / RANK

    with torch.no_grad(), hooked(model, hook_of):
        return batch.pack_targets(batch.forward(model).logits)


def main():
    torch.set_num_threads(1)
    model = load_base()
    experts = make_experts(model)
    base = {name: tensor for name, tensor in model.state_dict().items()
            if name in ("shared.weight", "encoder.embed_tokens.weight", "encoder.final_layer_norm.weight")}
    directory = GOLDEN / "import"
    directory.mkdir(exist_ok=True)
    torch.save(base | experts, directory / "checkpoint.pt")
    torch.save({name: torch.nn.Parameter(tensor.bfloat16()) for name, tensor in (base | experts).items()},
               directory / "half.pt")
    (directory / "names.txt").write_text("\n".join(NAMES) + "\n")

    batch = small_batch(model.config.vocab_size)
    logits = {f"logits.{name}": logits_of(model, batch, experts, index) for index, name in enumerate(NAMES)}
    write_expected(directory, logits, {"sources": batch.sources, "targets": batch.targets})
    print(f"{len(experts)} tensors, {(directory / 'checkpoint.pt').stat().st_size} bytes")


if __name__ == "__main__":
    main()
