"""Golden files of the tokenizer: a tiny vocabulary, and what the `sentencepiece` and `transformers` packages do with it.

Usage: python tests/oracle/make_text_goldens.py (needs `protobuf` as well)
"""

import io
import json
import os
import pathlib

os.environ["HF_HUB_OFFLINE"] = "1"

import sentencepiece  # noqa: E402  (the environment first)
import transformers  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TEXT = HERE / "tiny_text.txt"
OUT = HERE.parent / "golden" / "text"
PIECES = 400

# Encoded and decoded by sentencepiece alone.
PLAIN = [
    "",
    " ",
    "\t \n",
    "Geese fly south.",
    "  Geese   fly \n south .  ",
    "\u00a0no-break\u2003spaces\u3000here\u200bzero width",
    "GEESE FLY SOUTH",
    "The house is wonderful.",
    "Das Haus ist sch\u00f6n, die T\u00fcr gru\u0308n (decomposed).",
    "\uff26\uff55\uff4c\uff4c width \u2460 \ufb01ligature \u00bd \u2122",
    "unknown: \u4e2d\u6587 \u0416 \U0001f986 \u2581 mixed \u4e2da\u6587",
    "12 x 15 = 180; $8.50 (7:45)",
    "</s> <pad> <unk> <s> <0x41>",
    "tab\tand\r\nline\nbreaks",
    "a\x00b \x07 \x7f",
    "quotes \u201ccurly\u201d \u2018single\u2019 \u2026 \u2014 dash",
    "e\u0301 \u0130 \u00df \u1e9e",
    "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
    "the " * 40,
]

# With sentinels, as T5Tokenizer does it.
SENTINELS = [
    "<extra_id_0>",
    "a <extra_id_0> b",
    "a<extra_id_0>b",
    "a  <extra_id_99>   b",
    "<extra_id_0> the river <extra_id_1> the sea <extra_id_2>",
    "<extra_id_3><extra_id_4> . <extra_id_5>",
    "<extra_id_0>, the wall",
    "\n<extra_id_10>\nthe house",
]


def train(directory, lines, pieces, normaliser, **special_ids):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=pieces, model_type="unigram",
        normalization_rule_name=normaliser, character_coverage=1.0, num_threads=1, minloglevel=2, **special_ids)
    (directory / "spiece.model").write_bytes(model.getvalue())


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    lines = TEXT.read_text(encoding="utf-8").splitlines()
    train(OUT, lines, PIECES, "nmt_nfkc", pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(OUT / "spiece.model"))
    plain = []
    for text in PLAIN + lines[::8]:
        ids = processor.encode(text)
        plain.append({"text": text, "ids": ids, "decoded": processor.decode(ids)})

    tokenizer = transformers.T5Tokenizer.from_pretrained(OUT)
    sentinels = []
    for text in SENTINELS:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        sentinels.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids)})

    # A layout that is not T5's, to be refused.
    (OUT / "other_layout").mkdir(exist_ok=True)
    train(OUT / "other_layout", lines, 120, "identity", pad_id=-1, bos_id=1, eos_id=2, unk_id=0)

    versions = {module.__name__: module.__version__ for module in (sentencepiece, transformers)}
    golden = {"versions": versions, "pieces": PIECES, "plain": plain, "sentinels": sentinels}
    (OUT / "ids.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
