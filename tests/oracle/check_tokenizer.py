"""Compares the tokenizer with T5Tokenizer of `transformers`: ids of texts, and the texts of these ids.

The texts are the lines of a file, and 5,000 drawn with a fixed seed: special tokens among all scripts, marks, controls
and white space. Each tokenizer is read as it is, and once more as `transformers` saves it.

Usage: scripts/oracle.sh run check_tokenizer.py UNIT-CORE LINES TOKENIZER...
UNIT-CORE: build/release/bin/unit-core; LINES: a text or a JSON string on each line; TOKENIZER: directory or spiece.model
"""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unicodedata

os.environ["HF_HUB_OFFLINE"] = "1"

import transformers  # noqa: E402  (the environment first)

from check_sentence_encoder import BLOCKS, characters  # noqa: E402
from make_text_goldens import load, rows  # noqa: E402

DRAWN = 5000
PIECES = ["</s>", "<pad>", "<unk>", "<s>", "<extra_id_0>", "<extra_id_99>", "<extra_id_100>", "{", "}", "\u2581",
          "\uff1c/s\uff1e", "<0x41>", "\ufb01", " ", "  ", "\n", "\t", "\u00a0", "\u2003", "a", " the", " river", "!",
          "!!!", "-----", "=="]


def draw_text(draw):
    parts = []
    for _ in range(draw.randint(1, 14)):
        if draw.random() < 0.5:
            parts.append(draw.choice(PIECES))
        else:
            mark = chr(draw.randint(0x300, 0x36F)) + draw.choice(["", "\u200d", "\ufe0f"])
            parts.append(characters(draw, *draw.choice(BLOCKS), draw.randint(1, 4)) + draw.choice(["", " ", mark]))
    return unicodedata.normalize(draw.choice(["NFC", "NFD", "NFKD"]), "".join(parts)) if draw.random() < 0.3 \
        else "".join(parts)


def read_lines(path):
    lines = pathlib.Path(path).read_text(encoding="utf-8").split("\n")
    return [json.loads(line) if line.startswith('"') and line.endswith('"') else line for line in lines]


def ours(program, directory, texts, ids):
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: pathlib.Path(scratch, name) for name in ("PHATGOOSE_TEXTS", "PHATGOOSE_IDS", "PHATGOOSE_RESULT")}
        files["PHATGOOSE_TEXTS"].write_text(json.dumps(texts))
        files["PHATGOOSE_IDS"].write_text(json.dumps(ids))
        environment = {"PHATGOOSE_TOKENIZER": str(directory)} | {name: str(path) for name, path in files.items()}
        subprocess.run([program, "[tokenize]"], env=os.environ | environment, check=True, stdout=subprocess.DEVNULL)
        return json.loads(files["PHATGOOSE_RESULT"].read_text())


def check(program, name, directory, texts):
    expected = rows(load(directory), texts)
    result = ours(program, directory, texts, [row["ids"] for row in expected])
    wrong = [row["text"] for row, ids in zip(expected, result["ids"], strict=True) if row["ids"] != ids]
    misread = [row["text"] for row, text in zip(expected, result["texts"], strict=True) if row["decoded"] != text]
    print(f"{name}: {len(texts)} texts, {len(wrong)} with other ids, {len(misread)} read back otherwise")
    assert not wrong and not misread, f"{(wrong + misread)[0]!r}"


def main():
    draw = random.Random(20240215)
    program, lines, *tokenizers = sys.argv[1:]
    texts = read_lines(lines) + [draw_text(draw) for _ in range(DRAWN)]
    for given in tokenizers:
        with tempfile.TemporaryDirectory() as scratch:
            directory, saved = pathlib.Path(scratch, "given"), pathlib.Path(scratch, "saved")
            directory.mkdir()
            sources = pathlib.Path(given).iterdir() if pathlib.Path(given).is_dir() else [pathlib.Path(given)]
            for source in sources:
                if source.suffix in (".json", ".model") and source.name not in ("config.json", "manifest.json"):
                    shutil.copy(source, directory)
            load(directory).save_pretrained(saved)
            check(program, given, directory, texts)
            check(program, f"{given}, saved by transformers {transformers.__version__}", saved, texts)


if __name__ == "__main__":
    main()
