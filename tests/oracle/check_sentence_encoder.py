"""Compares the sentence encoder with `transformers` on 500 varied texts, for a real sentence-transformers directory.

The texts are drawn with a fixed seed: sentences of many lengths and scripts, any characters of Unicode, emoji, accents,
control characters, punctuation, special tokens, nothing at all, and far more tokens than the encoder takes.

Usage: scripts/oracle.sh run check_sentence_encoder.py DIRECTORY [PARITY-PROGRAM] [DEVICE]
PARITY-PROGRAM is build/release/bin/parity, DEVICE is cpu, where they are not given.
"""

import json
import os
import pathlib
import random
import subprocess
import sys
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
    tokens = ["[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "[sep]", "##ing", "<s>"]
    return "".join(draw.choice([*tokens, " goose", " the"]) + draw.choice(["", " "]) for _ in range(draw.randint(1, 12)))


def controls(draw):
    return "".join(draw.choice(WORDS) + chr(draw.choice([*range(0x20), *range(0x7F, 0xA1), 0xAD, 0x200B, 0x2028, 0xFEFF,
                                                         0xFFFD])) for _ in range(15))


def long_word(draw):
    return sentence(draw, 3) + " " + draw.choice("aéж中") * draw.randint(90, 110) + " " + sentence(draw, 3)


def make_texts():
    """The same 500 texts every time."""
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


def reference(directory, texts):
    """Mean of the real tokens' states, made unit length; cut at the encoder's own maximum length."""
    settings = json.loads((directory / "sentence_bert_config.json").read_text())
    tokenizer, model = AutoTokenizer.from_pretrained(directory), AutoModel.from_pretrained(directory).eval()
    embeddings, lengths = [], []
    for begin in range(0, len(texts), 20):
        batch = tokenizer(texts[begin:begin + 20], padding="longest", truncation=True,
                          max_length=settings["max_seq_length"], return_tensors="pt")
        with torch.no_grad():
            states = model(**batch).last_hidden_state  # [B, S, D]
        mask = batch["attention_mask"].unsqueeze(-1).float()  # [B, S, 1]
        embeddings.append((states * mask).sum(1) / mask.sum(1).clamp(min=1e-9))  # [B, D]
        lengths += batch["attention_mask"].sum(1).tolist()
    return torch.nn.functional.normalize(torch.cat(embeddings), dim=1), lengths


def ours(directory, texts, program, device):
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: str(pathlib.Path(scratch) / name) for name in ("texts", "embeddings")}
        pathlib.Path(files["texts"]).write_text(json.dumps(texts))
        environment = {"PHATGOOSE_ENCODER": str(directory), "PHATGOOSE_TEXTS": files["texts"],
                       "PHATGOOSE_EMBEDDINGS": files["embeddings"], "PHATGOOSE_DEVICE": device}
        subprocess.run([program, "[embed]"], env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)
        return load_file(files["embeddings"])["embeddings"]


def main():
    directory = sys.argv[1]
    program = sys.argv[2] if len(sys.argv) > 2 else "build/release/bin/parity"
    device = sys.argv[3] if len(sys.argv) > 3 else "cpu"
    texts = make_texts()
    expected, lengths = reference(pathlib.Path(directory), texts)
    differences = (ours(directory, texts, program, device) - expected).abs().max(1).values  # [n]
    worst = int(differences.argmax())
    print(f"{len(texts)} texts of {min(lengths)} to {max(lengths)} pieces, {sum(n == max(lengths) for n in lengths)} of "
          f"them cut: largest difference {differences[worst]:.1e}")
    assert len(texts) == COUNT and differences[worst] < TOLERANCE, f"text {worst}: {texts[worst][:200]!r}"


if __name__ == "__main__":
    main()
