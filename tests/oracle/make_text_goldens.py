"""Golden files of the tokenizer: tiny vocabularies, and what `transformers` does with them.

Usage: python tests/oracle/make_text_goldens.py (needs `protobuf` as well)
"""

import io
import json
import os
import pathlib
import shutil
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

import sentencepiece  # noqa: E402  (the environment first)
import tokenizers  # noqa: E402
import transformers  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TEXT = HERE / "tiny_text.txt"
OUT = HERE.parent / "golden" / "text"
EOS = 1
T5_IDS = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}

TEXTS = [
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
    "tab\tand\r\nline\nbreaks",
    "a\x00b \x07 \x7f",
    "quotes \u201ccurly\u201d \u2018single\u2019 \u2026 \u2014 dash",
    "e\u0301 \u0130 \u00df \u1e9e",
    "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
    "the " * 40,
    # A mark after a character that the normaliser replaces; the sign for a space; graphemes of several characters.
    "\uff21\u0301 \u2122\ufe0f \ufefb\u064e \ufb01\u0301",
    "\u2581the \u2581\u2581 a\u2581b the\u2581",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 1\ufe0f\u20e3 \u0915\u094d\u0937\u093f \u1112\u1161\u11ab e\u200d",
    # Special tokens, with and without white space around them, several in a row, in full width.
    "</s> <pad> <unk> <s> <0x41>",
    "The river</s> is wide",
    "The river </s>is wide",
    "</s>",
    "<pad><pad></s></s><unk>the",
    " the sea \n</s>\t ",
    "\uff1c/s\uff1e the \uff1cunk\uff1e\uff1cextra_id_3\uff1e",
    "</s",
    "<extra_id_0>",
    "a <extra_id_0> b",
    "a<extra_id_0>b",
    "a  <extra_id_99>   b",
    "<extra_id_0> the river <extra_id_1> the sea <extra_id_2>",
    "<extra_id_3><extra_id_4> . <extra_id_5>",
    "<extra_id_0>, the wall",
    "\n<extra_id_10>\nthe house",
    "<extra_id_100> <extra_id_07> <extra_id_> <extra_id_1 <extra_id_ 1> <extra_id_<extra_id_5>",
]

# Tokens that users add, each in the midst of what its flags look at.
ADDED_TEXTS = [
    "the { river } sea",
    "{the}river{",
    "foo foot foo, xfoo foo\u00e9 foo_ (foo)",
    "a bar b  bar  bar",
    "<y>  the <y>\n<y>x",
    "\ufb01x fix refix \ufb01\ufb01x",
    "fo foo f",
    "wait ~ stop~now ~ ~",
    "the <z> river</s> { <extra_id_1> }",
    "<image><new>the",
    "the .",
    "the , the ? do n't 's",
]


def token(content, **flags):
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False,
            "special": False, **flags}


def train(lines, pieces, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=model, vocab_size=pieces, model_type="unigram",
        character_coverage=1.0, num_threads=1, minloglevel=2, **options)
    return model.getvalue()


def train_small(lines):
    """A vocabulary with a normaliser of a few rules of its own, so that its files are small."""
    rules = {" ": "\t\n\u00a0\u3000", "fi": "\ufb01", "A": "\uff21", "\u00e9": ["e\u0301"], "<": "\uff1c",
             ">": "\uff1e", "": "\x07\u200b"}
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as table:
        for target, sources in rules.items():
            for source in sources:
                codes = [" ".join(f"{ord(c):X}" for c in text) for text in (source, target)]
                table.write("\t".join(codes) + "\n")
        table.flush()
        return train(lines, 120, normalization_rule_tsv=table.name, **T5_IDS)


def load(directory):
    """As AutoTokenizer does where config.json says that the model is a T5."""
    (directory / "config.json").write_text('{"model_type": "t5"}')
    tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
    (directory / "config.json").unlink()
    return tokenizer


def rows(tokenizer, texts):
    result = []
    for text in texts:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        generated = ids[:ids.index(EOS)] if EOS in ids else ids
        result.append({"text": text, "ids": ids, "decoded": tokenizer.decode(generated, skip_special_tokens=True)})
    return result


def make_case(name, files, spiece=None):
    """What comes of a directory with these JSON files and, unless it is None, this spiece.model."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        if spiece is not None:
            (directory / "spiece.model").write_bytes(spiece)
        for file, content in files.items():
            (directory / file).write_text(json.dumps(content))
        tokenizer = load(directory)
        return {"name": name, "spiece": spiece is not None, "files": files, "size": len(tokenizer),
                "rows": rows(tokenizer, TEXTS[3::5] + ADDED_TEXTS)}


def saved_by_transformers(spiece, files):
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        (directory / "spiece.model").write_bytes(spiece)
        for file, content in files.items():
            (directory / file).write_text(json.dumps(content))
        tokenizer = load(directory)
        shutil.rmtree(directory)
        tokenizer.save_pretrained(directory)
        return {path.name: json.loads(path.read_text()) for path in sorted(directory.iterdir())}


def written_by_older(saved):
    """tokenizer.json in the two ways of transformers 4: as of the hub's t5-small, and converted from spiece.model."""
    metaspace = {"type": "Metaspace", "replacement": "\u2581", "add_prefix_space": True, "str_rep": "\u2581"}
    hub = json.loads(json.dumps(saved))
    hub["pre_tokenizer"]["pretokenizers"][1] = hub["decoder"] = metaspace
    converted = json.loads(json.dumps(saved))
    spaces = [{"type": "Strip", "strip_left": False, "strip_right": True},
              {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "\u2581"}]
    converted["normalizer"] = {"type": "Sequence", "normalizers": [saved["normalizer"], *spaces]}
    converted["pre_tokenizer"] = saved["decoder"]
    return hub, converted


def make_cases(spiece):
    first = 220  # the first id after the vocabulary and its sentinels
    braces = {str(first): token("{"), str(first + 1): token("}")}
    flags = [token("foo", single_word=True), token("bar", lstrip=True), token("<y>", rstrip=True, normalized=False),
             token("\ufb01x", special=True), token("fo", normalized=False),
             token("~", lstrip=True, rstrip=True, single_word=True)]
    sentinels = {str(first - 1 - n): token(f"<extra_id_{n}>", lstrip=True, rstrip=True, normalized=False, special=True)
                 for n in range(100)}
    config = "tokenizer_config.json"
    cases = [
        make_case("no settings", {}, spiece),
        make_case("added_tokens.json", {"added_tokens.json": {"{": first, "}": first + 1}}, spiece),
        make_case("added_tokens_decoder", {config: {"added_tokens_decoder": braces}}, spiece),
        make_case("added_tokens_decoder alone counts", {config: {"added_tokens_decoder": braces},
                                                        "added_tokens.json": {"foo": first}}, spiece),
        make_case("flags of added tokens",
                  {config: {"added_tokens_decoder": {str(first + i): flag for i, flag in enumerate(flags)}}}, spiece),
        make_case("sentinels as transformers 4 writes them", {config: {"added_tokens_decoder": sentinels}}, spiece),
        make_case("extra_ids", {config: {"extra_ids": 20}}, spiece),
        make_case("additional_special_tokens", {config: {"additional_special_tokens": ["<new>"]}}, spiece),
        make_case("tokens with a name", {config: {"bos_token": "<s>", "image_token": "<image>"}}, spiece),
        make_case("special_tokens_map.json",
                  {"special_tokens_map.json": {"eos_token": "</s>", "cls_token": token("<new>", rstrip=True)}}, spiece),
        make_case("spaces are cleaned up", {config: {"clean_up_tokenization_spaces": True}}, spiece),
    ]
    saved = saved_by_transformers(spiece, {config: {"added_tokens_decoder": braces}})
    cases.append(make_case("tokenizer.json", saved))
    cases.append(make_case("tokenizer.json without settings", {"tokenizer.json": saved["tokenizer.json"]}))
    cases.append(make_case("tokenizer.json beside spiece.model", saved, spiece))
    for name, written in zip(("of the hub", "converted by transformers 4"), written_by_older(saved["tokenizer.json"])):
        cases.append(make_case(f"tokenizer.json {name}", {"tokenizer.json": written}))
    own = {**saved, config: {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "eos_token": "</s>",
                             "unk_token": "<unk>"}}
    cases.append(make_case("tokenizer.json for itself", own))
    return cases


def one_a_line(value):
    if not isinstance(value, list):
        return json.dumps(value)
    return "[\n" + ",\n".join(json.dumps(entry) for entry in value) + "\n]"


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    lines = TEXT.read_text(encoding="utf-8").splitlines()
    (OUT / "spiece.model").write_bytes(train(lines, 400, normalization_rule_name="nmt_nfkc", **T5_IDS))
    golden = {"size": 500, "rows": rows(load(OUT), TEXTS + lines[::8])}
    small = train_small(lines)
    (OUT / "small").mkdir(exist_ok=True)
    (OUT / "small" / "spiece.model").write_bytes(small)
    golden["cases"] = make_cases(small)

    # A layout that is not T5's, to be refused.
    (OUT / "other_layout").mkdir(exist_ok=True)
    other = train(lines, 120, normalization_rule_name="identity", pad_id=-1, bos_id=1, eos_id=2, unk_id=0)
    (OUT / "other_layout" / "spiece.model").write_bytes(other)

    golden["versions"] = {module.__name__: module.__version__ for module in (sentencepiece, tokenizers, transformers)}
    members = (f"{json.dumps(key)}: {one_a_line(value)}" for key, value in golden.items())
    (OUT / "ids.json").write_text("{\n" + ",\n".join(members) + "\n}\n")


if __name__ == "__main__":
    main()
