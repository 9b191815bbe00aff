"""Golden files of the sentence encoders besides plain BERT: tiny random checkpoints, and what `transformers` makes of texts.

tests/golden/encoder_families holds `mpnet/` and `nomic/` (sentence-transformers directories, weights in fp16), the ids
that their tokenizers give and the embeddings of every text by kind of pooling and by prompt. The prompts of BERT encoders
(bge pools the first token, e5 the mean) are tried on the model of tests/golden/encoder, whose directory has none.

Usage: python tests/oracle/make_encoder_family_goldens.py
"""

import json
import os
import shutil

os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402  (the environment first)
from make_encoder_goldens import OUT as BERT  # noqa: E402
from make_encoder_goldens import make_tokenizer, mean, vocabulary  # noqa: E402
from oracle_common import GOLDEN, write_json, write_versions  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import (AddedToken, AutoModel, AutoTokenizer, MPNetConfig, MPNetModel, MPNetTokenizer,  # noqa: E402
                          NomicBertConfig, NomicBertModel)

OUT = GOLDEN / "encoder_families"
MAX_LENGTH = 150  # more than the 128 from which on MPNet's distances share a bucket
SIZE, LAYERS, HEADS, INNER, POSITIONS = 16, 2, 4, 24, 160

TEXTS = ["", "The goose flies south in winter.", "unbelievable unaffable playing 12, don't", "中文和鹅 naïve É ∅ 🦆",
         "the goose", "the" + " south" * 60, "The " + "goose, " * 90, "goose" * 21, "[CLS] the [SEP] goose [UNK]",
         "<s> the <pad> goose </s>", "the<pad><pad>goose", "the <mask>  goose<mask>", "a <unk> b<UNK>c", "[unk] <S> < s >"]
PROMPTS = {"bge": {"query": "the river: ", "document": ""}, "e5": {"query": "query: ", "document": "passage: "},
           "nomic": {"query": "search_query: ", "document": "search_document: "}}


def fill(model, seed):
    """Weights that fp16 holds."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if "orm.weight" in name or "layernorm.weight" in name:
                value = 1 + 0.2 * noise
            elif parameter.dim() == 1:
                value = 0.2 * noise
            elif "embeddings" in name or "relative" in name:
                value = noise
            else:
                value = noise * 1.5 * parameter.shape[1] ** -0.5
            parameter.copy_(value.half().float())
    return model.eval()


def write_directory(name, model, tokenizer, config, prompts):
    """As sentence-transformers writes one, with the tensors in the names of the published checkpoints."""
    directory = OUT / name
    model.save_pretrained(directory)
    weights = AutoModel.from_pretrained(directory).state_dict()
    assert all(weights[key].equal(value) for key, value in model.state_dict().items())
    stored = {key: value.half() for key, value in load_file(directory / "model.safetensors").items()
              if "pooler" not in key}
    save_file(stored, directory / "model.safetensors", metadata={"format": "pt"})
    write_json(directory / "config.json", config)
    tokenizer.save_pretrained(directory)
    compact = json.loads((directory / "tokenizer.json").read_text())
    (directory / "tokenizer.json").write_text(json.dumps(compact, separators=(",", ":")) + "\n")
    types = "sentence_transformers.models."
    write_json(directory / "modules.json",
               [{"idx": 0, "name": "0", "path": "", "type": types + "Transformer"},
                {"idx": 1, "name": "1", "path": "1_Pooling", "type": types + "Pooling"}])
    write_json(directory / "sentence_bert_config.json", {"max_seq_length": MAX_LENGTH, "do_lower_case": False})
    (directory / "1_Pooling").mkdir()
    write_json(directory / "1_Pooling" / "config.json", {"word_embedding_dimension": SIZE,
                                                         "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True})
    if prompts:
        write_json(directory / "config_sentence_transformers.json", {"prompts": prompts, "default_prompt_name": None})


def write_mpnet():
    names = ["<s>", "<pad>", "</s>", "<unk>", *(name for name in vocabulary() if name != "[PAD]"), "<mask>"]
    tokenizer = MPNetTokenizer(vocab={name: i for i, name in enumerate(names)})
    tokenizer.add_tokens([AddedToken("<unk>", normalized=True, special=True)], special_tokens=True)
    config = {"vocab_size": len(names), "hidden_size": SIZE, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
              "intermediate_size": INNER, "max_position_embeddings": POSITIONS, "layer_norm_eps": 1e-5,
              "hidden_act": "gelu", "pad_token_id": 1, "relative_attention_num_buckets": 32}
    model = fill(MPNetModel(MPNetConfig(**config)), 2)
    write_directory("mpnet", model, tokenizer, {"model_type": "mpnet", **config}, None)
    return model


def write_nomic():
    names, padded = vocabulary(), 256
    model = fill(NomicBertModel(NomicBertConfig(
        vocab_size=padded, hidden_size=SIZE, num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=INNER,
        max_position_embeddings=POSITIONS, rope_parameters={"rope_type": "default", "rope_theta": 1000.0})), 3)
    published = {"model_type": "nomic_bert", "vocab_size": padded, "n_embd": SIZE, "n_layer": LAYERS, "n_head": HEADS,
                 "n_inner": INNER, "n_positions": POSITIONS, "type_vocab_size": 2, "layer_norm_epsilon": 1e-12,
                 "activation_function": "swiglu", "qkv_proj_bias": False, "mlp_fc1_bias": False, "mlp_fc2_bias": False,
                 "prenorm": False, "parallel_block": False, "causal": False, "use_rms_norm": False,
                 "scale_attn_weights": True, "rotary_emb_base": 1000, "rotary_emb_fraction": 1.0,
                 "rotary_emb_interleaved": False, "rotary_emb_scale_base": None, "rotary_scaling_factor": None,
                 "max_trained_positions": POSITIONS}
    write_directory("nomic", model, make_tokenizer(names, do_lower_case=True), published, PROMPTS["nomic"])
    return model


def ids_of(directory, texts):
    limit = json.loads((directory / "sentence_bert_config.json").read_text())["max_seq_length"]
    tokenizer = AutoTokenizer.from_pretrained(directory)
    return [tokenizer(text, truncation=True, max_length=limit)["input_ids"] for text in texts]


def embed(model, rows, pool):
    """One row at a time, so that no pads come in."""
    with torch.no_grad():
        states = [model(input_ids=torch.tensor([row])).last_hidden_state[0] for row in rows]
    return torch.nn.functional.normalize(torch.stack([pool(state) for state in states]), dim=1)  # [n, D]


def first(state):
    return state[0]


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    models = {"mpnet": write_mpnet(), "nomic": write_nomic()}
    ids = {name: ids_of(OUT / name, TEXTS) for name in models}
    tensors = {f"{name}.{kind}": embed(model, ids[name], pool) for name, model in models.items()
               for kind, pool in {"mean": mean, "cls": first}.items()}
    bert = AutoModel.from_pretrained(BERT / "model", add_pooling_layer=False).eval()
    for name, model, directory, pool in [("bge", bert, BERT / "model", first), ("e5", bert, BERT / "model", mean),
                                         ("nomic", models["nomic"], OUT / "nomic", mean)]:
        for role, prompt in PROMPTS[name].items():
            tensors[f"{name}.{role}"] = embed(model, ids_of(directory, [prompt + text for text in TEXTS]), pool)
    save_file(tensors, OUT / "expected.safetensors")
    expected = {"max_length": MAX_LENGTH, "texts": TEXTS, "prompts": PROMPTS, "ids": ids}
    (OUT / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
    write_versions()
    print({name: sum(map(len, rows)) for name, rows in ids.items()}, "ids of", len(TEXTS), "texts")


if __name__ == "__main__":
    main()
