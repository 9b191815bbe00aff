"""How far `transformers` in bf16 is from itself in fp32, on the golden base models: the measure for ours.

Usage: python tests/oracle/make_bf16_goldens.py (after make_model_goldens.py)
"""

import torch
from oracle_common import GOLDEN, Batch, read_expected, write_json
from transformers import T5ForConditionalGeneration
from transformers.utils import logging

MODELS = ("t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual")


def distance(actual, expected):
    """The norm of the difference, relative to the norm of what is expected."""
    return ((actual.float() - expected).norm() / expected.norm()).item()


def errors(name):
    """Distances of the encoder states and of the logits in bf16 from those in fp32."""
    tensors, numbers = read_expected(GOLDEN / name)
    batch = Batch(numbers["sources"], numbers["targets"])
    model = T5ForConditionalGeneration.from_pretrained(GOLDEN / name / "model", attn_implementation="eager",
                                                       dtype=torch.bfloat16).eval()
    assert all(parameter.dtype == torch.bfloat16 for parameter in model.parameters())
    with torch.no_grad():
        output = batch.forward(model)
    return {"encoder_states": distance(batch.pack_sources(output.encoder_last_hidden_state), tensors["encoder_states"]),
            "logits": distance(batch.pack_targets(output.logits), tensors["logits"])}


def main():
    torch.set_num_threads(1)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    directory = GOLDEN / "bf16"
    directory.mkdir(exist_ok=True)
    found = {name: errors(name) for name in MODELS}
    write_json(directory / "errors.json", found)
    print(found)


if __name__ == "__main__":
    main()
