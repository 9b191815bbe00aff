"""Compares the sentence encoder with `transformers` on varied texts, for a real sentence-transformers directory.

The texts are drawn with a fixed seed: sentences of many lengths and scripts, any characters of Unicode, emoji, accents,
control characters, punctuation, special tokens, nothing at all, and far more tokens than the encoder takes.

Usage: scripts/oracle.sh run check_sentence_encoder.py [OPTION...] DIRECTORY
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unicodedata

os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402  (the environment first)
from safetensors.torch import load_file  # noqa: E402
from transformers import AutoModel, AutoTokenizer  # noqa: E402

TOLERANCE = 1e-4
COUNT = 500
WORDS = ("the a of and to in it is was geese goose river house winter south flies migrating unbelievable café naïve über "
         "señor Zürich straße COVID-19 iPhone don't we'll 3.14 1,000 $5 50% e.g. i.e. antidisestablishmentarianism "
         "question answer which following best describes summary translate premise hypothesis entailment not").split()
BLOCKS = [(0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x531, 0x587), (0x5D0, 0x5EA),
          (0x600, 0x6FF), (0x900, 0x97F), (0x980, 0x9FF), (0xE00, 0xE7F), (0x10A0, 0x10FF), (0x1100, 0x11FF),
          (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x20A0, 0x22FF), (0x2460, 0x27BF), (0x3000, 0x30FF), (0x3400, 0x4DBF),
          (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE00, 0xFFEF), (0x1D400, 0x1D7FF),
          (0x1F1E6, 0x1F9FF), (0x20000, 0x2FA1F)]


def characters(draw, low, high, count):
    drawn = (chr(draw.randint(low, high)) for _ in range(count))
    return "".join(c for c in drawn if not 0xD800 <= ord(c) < 0xE000)


def sentence(draw, count):
    return " ".join(draw.choice(WORDS) for _ in range(count)).capitalize() + draw.choice(["", ".", "?", "!", " ..."])


def in_script(draw):
    low, high = draw.choice(BLOCKS)
    return " ".join(characters(draw, low, high, draw.randint(1, 12)) for _ in range(draw.randint(1, 15)))


def mixture(draw):
    parts = [draw.choice(WORDS) if draw.random() < 0.6 else characters(draw, *draw.choice(BLOCKS), draw.randint(1, 4))
             for _ in range(draw.randint(3, 40))]
    return "".join(part + draw.choice(["", " ", " ", ", ", "\n", "\t", "\u00a0", "\u200b", "-"]) for part in parts)


def decomposed(draw):
    return unicodedata.normalize(draw.choice(["NFD", "NFC", "NFKD"]), sentence(draw, 12) + in_script(draw))


def from_all_planes(draw):
    return sentence(draw, 4) + characters(draw, 0, 0x10FFFF, 20) + sentence(draw, 4)


def from_assigned(draw):
    drawn = characters(draw, 0, 0x1FFFF, 60)
    return "".join(draw.choice(["a", " ", "goose"]) + c for c in drawn if unicodedata.category(c) != "Cn")


def punctuation(draw):
    return "".join(draw.choice("!?.,;:-()[]{}'\"/\\@#$%^&*_+=~`|<>…—“”«»¿¡。、") for _ in range(draw.randint(1, 80)))


def special(draw):
    tokens = ["[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "[sep]", "##ing", "<s>", "</s>", "<pad>", "<unk>", "<UNK>",
              " <mask>"]
    return "".join(draw.choice([*tokens, " goose", " the"]) + draw.choice(["", " "]) for _ in range(draw.randint(1, 12)))


def controls(draw):
    return "".join(draw.choice(WORDS) + chr(draw.choice([*range(0x20), *range(0x7F, 0xA1), 0xAD, 0x200B, 0x2028, 0xFEFF,
                                                         0xFFFD])) for _ in range(15))


def long_word(draw):
    return sentence(draw, 3) + " " + draw.choice("aéж中") * draw.randint(90, 110) + " " + sentence(draw, 3)


def make_texts():
    """The same texts every time."""
    draw = random.Random(20240215)
    texts = ["", " ", "\n\t ", "\x00", "\u3000", "[CLS]", ".", "goose", "é", "🦆"]
    for words in (600, 640, 700, 1000, 2000):
        texts += [sentence(draw, words) for _ in range(6)]
    texts += [sentence(draw, words) for words in range(240, 264)]
    kinds = [lambda d: sentence(d, d.randint(1, 60)), in_script, mixture, decomposed, from_all_planes, from_assigned,
             punctuation, special, controls, long_word]
    while len(texts) < COUNT:
        texts.append(kinds[len(texts) % len(kinds)](draw))
    return texts


def settings_in(directory, name):
    file = directory / name
    return json.loads(file.read_text()) if file.exists() else {}


def prompt_of(directory, role):
    """As docs/formats.md says it."""
    settings = settings_in(directory, "config_sentence_transformers.json")
    prompts = settings.get("prompts") or {}
    names = {"query": ["query"], "document": ["document", "passage", "corpus"], "plain": []}[role]
    return next((prompts[name] for name in [*names, settings.get("default_prompt_name")] if name in prompts), "")


def reference(directory, texts):
    """Mean of the real tokens' states or the first one's, made unit length; cut at the encoder's own maximum length."""
    length = settings_in(directory, "sentence_bert_config.json")["max_seq_length"]
    pooling = settings_in(directory, "1_Pooling/config.json")
    first = pooling.get("pooling_mode_cls_token") or pooling.get("pooling_mode") == "cls"
    tokenizer = AutoTokenizer.from_pretrained(directory)
    model = AutoModel.from_pretrained(directory, dtype=torch.float32).eval()
    embeddings, lengths = [], []
    for begin in range(0, len(texts), 20):
        batch = tokenizer(texts[begin:begin + 20], padding="longest", truncation=True, max_length=length,
                          return_tensors="pt")
        with torch.no_grad():
            states = model(**batch).last_hidden_state  # [B, S, D]
        mask = batch["attention_mask"].unsqueeze(-1).float()  # [B, S, 1]
        mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)  # [B, D]
        embeddings.append(states[:, 0] if first else mean)
        lengths += batch["attention_mask"].sum(1).tolist()
    return torch.nn.functional.normalize(torch.cat(embeddings), dim=1), lengths


def ours(options, texts):
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: str(pathlib.Path(scratch) / name) for name in ("texts", "embeddings")}
        pathlib.Path(files["texts"]).write_text(json.dumps(texts))
        environment = {"PHATGOOSE_ENCODER": str(options.directory), "PHATGOOSE_TEXTS": files["texts"],
                       "PHATGOOSE_EMBEDDINGS": files["embeddings"], "PHATGOOSE_DEVICE": options.device,
                       "PHATGOOSE_ROLE": options.role}
        subprocess.run([options.program, "[embed]"], env=os.environ | environment, check=True,
                       stdout=subprocess.DEVNULL)
        return load_file(files["embeddings"])["embeddings"]


def parse_options():
    parser = argparse.ArgumentParser(description="Compares a sentence encoder with transformers.")
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--program", default="build/release/bin/parity")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--role", default="plain", choices=["plain", "query", "document"])
    parser.add_argument("--texts", type=int, default=COUNT, metavar="N", help="so many of the texts, evenly spread")
    return parser.parse_args()


def main():
    options = parse_options()
    texts = make_texts()[::max(1, COUNT // options.texts)]
    prompt = prompt_of(options.directory, options.role)
    expected, lengths = reference(options.directory, [prompt + text for text in texts])
    differences = (ours(options, texts) - expected).abs().max(1).values  # [n]
    worst = int(differences.argmax())
    print(f"{len(texts)} texts of {min(lengths)} to {max(lengths)} pieces, {sum(n == max(lengths) for n in lengths)} of "
          f"them cut: largest difference {differences[worst]:.1e}")
    assert differences[worst] < TOLERANCE, f"text {worst}: {texts[worst][:200]!r}"


if __name__ == "__main__":
    main()
