"""Golden files of the base model: what `transformers` computes on tiny random T5 checkpoints, in fp32.

For each case: encoder states, logits, mean loss, the gradient of every parameter, every parameter after ten AdamW
steps, and greedy generation. Rows are of mixed length, some beyond the largest relative distance.

Usage: python tests/oracle/make_model_goldens.py
"""

import copy
import itertools
import json
import shutil

import torch
import transformers

from oracle_common import (EOS, GOLDEN, LARGEST_NOISE, Batch, gradients, make_model, make_rows, rounding_noise,
                           write_expected, write_versions)

NEW_TOKENS = 20
ADAMW_STEPS = 10
LARGEST_TRAINING_NOISE = 3e-5  # of a tensor's change, fp32 against fp64; the tests judge to 1e-4

SMALL = {"vocab_size": 112, "d_model": 32, "d_kv": 8, "d_ff": 40, "num_heads": 3, "num_layers": 2,
         "num_decoder_layers": 2, "decoder_start_token_id": 0}
TINY = {"vocab_size": 104, "d_model": 16, "d_kv": 4, "d_ff": 24, "num_heads": 2, "num_layers": 1,
        "num_decoder_layers": 1, "decoder_start_token_id": 0}

# `written` edits config.json after saving (None removes a key), so that the ways in which the head and its scale are
# spelled in the wild all occur. `file` is the container of the weights. The search for a good seed begins at `seed`.
CASES = {
    # As the v1.1 checkpoints were published.
    "t5_v1_1": {"config": SMALL | {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
                "separate_head": True, "file": "safetensors", "seed": 7,
                "written": {"tie_word_embeddings": False, "scale_decoder_outputs": None}},
    # As the v1.0 checkpoints were published: neither key, head tied and scaled.
    "t5_v1_0": {"config": SMALL | {"feed_forward_proj": "relu"}, "separate_head": False, "file": "safetensors", "seed": 2199,
                "written": {"tie_word_embeddings": None, "scale_decoder_outputs": None}},
    # As recent `transformers` writes a v1.1 model, in shards.
    "t5_v1_1_rewritten": {"config": TINY | {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
                          "separate_head": True, "file": "shards", "seed": 1, "written": {}},
    # Nothing at its default; a separate head whose input is scaled all the same; a torch zip file.
    "t5_unusual": {"config": TINY | {"feed_forward_proj": "gated-gelu", "num_layers": 1, "num_decoder_layers": 3,
                                     "relative_attention_num_buckets": 16, "relative_attention_max_distance": 32,
                                     "layer_norm_epsilon": 1e-3, "decoder_start_token_id": 5},
                   "separate_head": True, "file": "bin", "seed": 7,
                   "written": {"tie_word_embeddings": False, "scale_decoder_outputs": True}},
}


def generate(model, batch):
    """Greedy output ids of every row without the start token, and the smallest lead of a chosen token.

    Without a cache, because that of `transformers` has as many layers as the encoder.
    """
    output = model.generate(input_ids=batch.input_ids, attention_mask=batch.attention_mask, do_sample=False,
                            num_beams=1, max_new_tokens=NEW_TOKENS, use_cache=False, output_logits=True,
                            return_dict_in_generate=True)
    rows, lead = [], float("inf")
    for row, ids in enumerate(output.sequences[:, 1:].tolist()):
        ids = ids[: ids.index(EOS) + 1] if EOS in ids else ids
        best = torch.stack([step[row] for step in output.logits[: len(ids)]]).topk(2).values
        lead = min(lead, (best[:, 0] - best[:, 1]).min().item())
        rows.append(ids)
    return rows, lead


def is_good(model, batch):
    """Whether rounding cannot decide a test (small noise, no near ties), and generations end at EOS and by length."""
    rows, lead = generate(model, batch)
    lengths = [len(ids) for ids in rows]
    various = max(lengths) == NEW_TOKENS and any(1 < length < NEW_TOKENS for length in lengths)
    return various and lead > 1e-3 and rounding_noise(model, batch) < LARGEST_NOISE


def save_model(model, directory, case):
    shutil.rmtree(directory, ignore_errors=True)
    model.save_pretrained(directory, max_shard_size="12KB" if case["file"] == "shards" else "1GB")
    (directory / "generation_config.json").unlink()
    if case["file"] == "bin":
        (directory / "model.safetensors").unlink()
        torch.save(model.state_dict(), directory / "pytorch_model.bin")
    path = directory / "config.json"
    config = json.loads(path.read_text()) | case["written"]
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}, indent=1) + "\n")


def train(model, batch):
    """Ten AdamW steps on the same batch."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
    for _ in range(ADAMW_STEPS):
        optimizer.zero_grad()
        batch.forward(model).loss.backward()
        optimizer.step()


def changes(model, batch):
    """What ten AdamW steps add to every parameter, in fp64."""
    before = {name: parameter.detach().double() for name, parameter in model.named_parameters()}
    trained = copy.deepcopy(model)
    train(trained, batch)
    return {name: parameter.detach().double() - before[name] for name, parameter in trained.named_parameters()}


def make_batch(vocab_size, number):
    return Batch(make_rows(vocab_size, [12, 150, 1, 33, 7], seed=2 * number + 1),
                 make_rows(vocab_size, [9, 3, 14, 140, 1], seed=2 * number + 2))


def training_batch(model, vocab_size):
    """The first batch without an element whose gradient is all rounding: AdamW would make a whole step of it."""
    for number in itertools.count():
        batch = make_batch(vocab_size, number)
        single, double = changes(model, batch), changes(copy.deepcopy(model).double(), batch)
        noise = max(((single[name] - double[name]).norm() / double[name].norm()).item() for name in single)
        if noise < LARGEST_TRAINING_NOISE:
            return batch, number, noise


def make_case(name, case):
    vocab_size = case["config"]["vocab_size"]
    batch = make_batch(vocab_size, 0)
    seed = case["seed"]
    while True:
        model = make_model(case["config"], case["separate_head"], seed)
        model.config.scale_decoder_outputs = case["written"].get("scale_decoder_outputs") or not case["separate_head"]
        if is_good(model, batch):
            break
        seed += 1
    directory = GOLDEN / name
    save_model(model, directory / "model", case)

    # From here on, judge by what `transformers` reads back from the files.
    reread = type(model).from_pretrained(directory / "model", attn_implementation="eager").eval()
    for (key, left), (_, right) in zip(model.named_parameters(), reread.named_parameters(), strict=True):
        assert torch.equal(left, right), key
    assert reread.config.scale_decoder_outputs == model.config.scale_decoder_outputs
    generated, _ = generate(reread, batch)
    output, grads = gradients(reread, batch)
    tensors = {"encoder_states": batch.pack_sources(output.encoder_last_hidden_state),
               "logits": batch.pack_targets(output.logits)}
    tensors |= {f"gradient.{key}": value for key, value in grads.items()}
    for_training, number, noise = training_batch(reread, vocab_size)
    train(reread, for_training)
    tensors |= {f"trained.{key}": value.detach() for key, value in reread.named_parameters()}
    write_expected(directory, tensors, {
        "seed": seed, "sources": batch.sources, "targets": batch.targets,
        "training_sources": for_training.sources, "training_targets": for_training.targets, "loss": output.loss.item(),
        "generated": generated, "new_tokens": NEW_TOKENS, "adamw_steps": ADAMW_STEPS, "learning_rate": 1e-3})
    print(f"{name}: seed {seed}, loss {output.loss.item():.4f}, generated lengths {[len(ids) for ids in generated]}, "
          f"training batch {number}, noise {noise:.1e}")


def main():
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    GOLDEN.mkdir(exist_ok=True)
    for name, case in CASES.items():
        make_case(name, case)
    write_versions()


if __name__ == "__main__":
    main()
