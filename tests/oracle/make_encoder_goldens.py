"""Golden files of the sentence encoder: a tiny random BERT, and what `transformers` and `tokenizers` make of many texts.

tests/golden/encoder holds `model/` (a sentence-transformers directory), the ids of every text under three settings of
the tokenizer, the embeddings of every text under two kinds of pooling and of some under other activations, and a
checksum of the words of every character of Unicode.

Usage: python tests/oracle/make_encoder_goldens.py
"""

import json
import shutil
import unicodedata
import zlib

import torch
from oracle_common import GOLDEN, write_json, write_versions
from safetensors.torch import save_file
from tokenizers import normalizers, pre_tokenizers
from transformers import BertConfig, BertModel, BertTokenizerFast

OUT = GOLDEN / "encoder"
MAX_LENGTH = 48  # of the encoder; tokenizer.json says another number, which must not count
LENGTH_THAT_DOES_NOT_COUNT = 9
CONFIG = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48,
          "max_position_embeddings": 64, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}

TOKENIZERS = {"uncased": {"do_lower_case": True}, "cased": {"do_lower_case": False},
              "accents": {"do_lower_case": True, "strip_accents": False},
              "cased_chinese": {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False}}
OTHER_ACTIVATIONS = ["gelu_new", "relu"]
TEXTS_OF_OTHER_ACTIVATIONS = 8

WORDS = ("the goose flies south in winter un ##believ ##able aff ##able ##ing ##s ##ed play house river is ' re do n ##t "
         "quick brown fox The Goose South É é ##é ä ö ##ö ü ß ı i̇ naïve ##ï ñ ø 12 ##3 3 ##4 $ ¥ € % ! ? . , : ; - – — … "
         "( ) [ ] { } < > / \\ _ ^ ` ~ @ # & * + = | \" « » “ ” ‘ ’ 中 文 ##文 鹅 日 本 語 한 ##국 ᄒ ##ᅡ ##ᆫ か ##な カ и м р ##и "
         "##р Ж ж й α β γ σ ς ##σ ##ς א ב ש ع ##ر ب अ ##न ন ก ##า 🦆 ##🦆 🏽 ﬁ ﬀ № ™ ² ½ Ⅷ ａ ##ｂ ¿ ¡ ।").split()

TEXTS = [
    "", " ", "\t \n\r", "\u3000\u2003\u00a0", "\x00\x07\x7f\ufffd\u200b\ufeff\u00ad", "The goose flies south in winter.",
    "  The   goose\tflies\nsouth\r\nin winter  ", "THE GOOSE FLIES SOUTH", "unbelievable unaffable playing",
    "played plays player", "don't, won't; the house's", "12 123 1234 12345 $3 3% 3,4.12", "!?...,,--;;::", "((([[[{{{<<<>>>}}}]]])))",
    "a_b-c/d\\e", "#hash @at &amp; *star* ~x~ `y` ^z^ |p| +1=2", "“curly” ‘single’ «guillemets» … – —", "¿Qué? ¡Sí!",
    "naïve café Übermut Größe straße", "nai\u0308ve cafe\u0301 U\u0308bermut o\u0308 gro\u0308ße",
    "e\u0301\u0302\u0323 a\u0327\u0301 \u0301\u0302 \u0301a", "É é E\u0301 ÉÉ", "İstanbul ISPARTA ıI iİ", "ŒUVRE Æon ø Ø Đ ł",
    "ΣΑΣ ΟΔΟΣ σας Σ", "αβγ ΑΒΓ άέή", "Жизнь и мир йод ЙОД", "Ё ё Є Ї ї", "中文和鹅", "中a文b鹅", "日本語のテキスト か な カナ", "がぎぐ か\u3099",
    "한국어 한국 한", "\u1112\u1161\u11ab", "שלום אבש שָׁלוֹם", "عرب مَرْحَبًا", "अनुवाद नमस्ते।", "ননন আমার", "กา ภาษาไทย", "ქართული Ქ",
    "ᏣᎳᎩ Ꮳꭳ", "🦆", "🦆🦆🦆 goose🦆", "👩‍👩‍👧‍👦 👍🏽 🇩🇪 1️⃣", "𝒢ℴ𝑜𝓈𝑒 𝕘𝕠𝕠𝕤𝕖 𐐀𐐨", "ﬁ ﬀ ﬃ ½ ² Ⅷ № ™ ℃ Å Ω K", "ａｂｃ ＡＢＣ １２３ ！？",
    "\U00020000\U0002a700\U0002b750\U0002b830\U0002b930 㐀豈\U0002f800", "x\u0085y\u2028z\u2029w\u000bv\u000cu\u001ct", "z\u200dw\u200cj\u2060n",
    "\u202egoose\u202c \u2066south\u2069", "\ue000private\U000f0000use", "\u0378unassigned\U0001fbfe",
    "[CLS] the [SEP] goose [MASK] [PAD] [UNK] flies", "[SEP][SEP]the[MASK]goose", "[cls] [Sep] [MAS K] [MASK", "##ing ## # ##",
    "\u166d\u1734\u1885\u1886\ua9bd\U000111c9", "a\u166db a\u1734b a\u1885b a\ua9bdb a\U000111c9b", "\u2e43\u0890\u1abf\u2e52 a\u1abfb a\u2e52b",
    "goose" * 19 + "abcde", "goose" * 20, "goose" * 20 + "x", "é" * 100, "é" * 101, "中" * 120, "the " * 700,
    "goose, " * 300, "unbelievable " * 200, "." * 650, "the" + " south" * 44, "the" + " south" * 45, "the" + " south" * 46,
    "\u0301" * 50 + "the", "\ud7ff\uf8ff\uffff\U0010ffff", "zzz qqq xyz", "mixed 中文 and Жж with é, 12 & 🦆!",
    "https://example.org/path?q=goose&x=1#top", "goose@south.org +49 (30) 12-34", "if (a < b) { return a[0]; } // done",
]


def vocabulary():
    """Special tokens, single letters as beginnings and as continuations, and some pieces; every one once."""
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + letter for letter in letters),
             *"ABDEGT", *"0123456789", *WORDS]
    return list(dict.fromkeys(names))


def make_tokenizer(names, **settings):
    return BertTokenizerFast(vocab={name: i for i, name in enumerate(names)}, **settings)


def make_model(size):
    model = BertModel._from_config(BertConfig(vocab_size=size, **CONFIG), attn_implementation="eager").eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if "LayerNorm.weight" in name:
                parameter.copy_(1 + 0.2 * noise)
            elif parameter.dim() == 1:
                parameter.copy_(0.2 * noise)
            elif "embeddings" in name:
                parameter.copy_(noise)
            else:
                parameter.copy_(noise * 1.5 * parameter.shape[1] ** -0.5)
    return model


def write_model(model, names):
    directory = OUT / "model"
    directory.mkdir(parents=True)
    tensors = {name: tensor for name, tensor in model.state_dict().items() if "pooler" not in name}
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    write_json(directory / "config.json", {"architectures": ["BertModel"], "model_type": "bert",
                                           "vocab_size": len(names), **CONFIG})
    tokenizer = make_tokenizer(names, **TOKENIZERS["uncased"])
    tokenizer.backend_tokenizer.enable_truncation(LENGTH_THAT_DOES_NOT_COUNT)
    tokenizer.backend_tokenizer.enable_padding(length=LENGTH_THAT_DOES_NOT_COUNT)
    tokenizer.save_pretrained(directory)
    compact = json.loads((directory / "tokenizer.json").read_text())
    (directory / "tokenizer.json").write_text(json.dumps(compact, separators=(",", ":")) + "\n")
    (directory / "vocab.txt").write_text("".join(name + "\n" for name in names), encoding="utf-8")
    classes = "sentence_transformers.models."
    write_json(directory / "modules.json",
               [{"idx": 0, "name": "0", "path": "", "type": classes + "Transformer"},
                {"idx": 1, "name": "1", "path": "1_Pooling", "type": classes + "Pooling"},
                {"idx": 2, "name": "2", "path": "2_Normalize", "type": classes + "Normalize"}])
    write_json(directory / "sentence_bert_config.json", {"max_seq_length": MAX_LENGTH, "do_lower_case": False})
    (directory / "1_Pooling").mkdir()
    write_json(directory / "1_Pooling" / "config.json",
               {"word_embedding_dimension": CONFIG["hidden_size"], "pooling_mode_cls_token": False,
                "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": False})


def embed(model, rows, pool):
    """One row at a time, so that no pads come in."""
    with torch.no_grad():
        states = [model(input_ids=torch.tensor([row])).last_hidden_state[0] for row in rows]
    return torch.nn.functional.normalize(torch.stack([pool(state) for state in states]), dim=1)  # [n, D]


def mean(state):
    return state.mean(0)


def words_of_every_character(lower_case):
    """A checksum for each 1024 code points of the words of "aCb" for every character C, lines joined.

    Left out: surrogates, and characters whose case or decomposition is newer than the Unicode of this Python.
    """
    normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=True,
                                            lowercase=lower_case)
    splitter, lower, nfd = pre_tokenizers.BertPreTokenizer(), normalizers.Lowercase(), normalizers.NFD()
    left_out, checksums = [], []
    for begin in range(0, 0x110000, 1024):
        characters = [chr(c) for c in range(begin, begin + 1024) if not 0xD800 <= c < 0xE000]
        newer = [c for c in characters
                 if lower.normalize_str(c) != c.lower() or nfd.normalize_str(c) != unicodedata.normalize("NFD", c)]
        left_out += map(ord, newer)
        text = " ".join(f"a{c}b" for c in characters if c not in newer)
        words = [word for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))]
        checksums.append(zlib.crc32("\n".join(words).encode()))
    return {"left_out": left_out, "checksums": checksums}


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    names = vocabulary()
    model = make_model(len(names))
    write_model(model, names)
    tokenizers = {kind: make_tokenizer(names, **settings) for kind, settings in TOKENIZERS.items()}
    ids = {kind: [tokenizer(text, truncation=True, max_length=MAX_LENGTH)["input_ids"] for text in TEXTS]
           for kind, tokenizer in tokenizers.items()}
    rows = ids["uncased"]
    tensors = {"mean": embed(model, rows, mean), "cls": embed(model, rows, lambda state: state[0])}
    for activation in OTHER_ACTIVATIONS:
        other = BertModel._from_config(BertConfig(vocab_size=len(names), **(CONFIG | {"hidden_act": activation})),
                                       attn_implementation="eager").eval()
        other.load_state_dict(model.state_dict())
        tensors[activation] = embed(other, rows[:TEXTS_OF_OTHER_ACTIVATIONS], mean)
    save_file(tensors, OUT / "expected.safetensors")
    expected = {"max_length": MAX_LENGTH, "tokenizers": TOKENIZERS, "texts": TEXTS, "ids": ids,
                "characters": {"kept_case": words_of_every_character(False),
                               "lower_case": words_of_every_character(True)}}
    (OUT / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
    write_versions()
    print(len(TEXTS), "texts,", len(names), "pieces; left out:",
          {kind: len(value["left_out"]) for kind, value in expected["characters"].items()})


if __name__ == "__main__":
    main()
