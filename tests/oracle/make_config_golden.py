"""The config.json of a T5 with every key that `transformers` 4 writes.

Usage: python tests/oracle/make_config_golden.py (where transformers is of version 4: 4.57.6 made the file)
"""

import pathlib

import transformers

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"


def main():
    assert transformers.__version__.startswith("4."), transformers.__version__
    config = transformers.T5Config(vocab_size=320, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
                                   decoder_start_token_id=0, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
                                   architectures=["T5ForConditionalGeneration"], dtype="float32")
    (GOLDEN / "store" / "t5_config_4.json").write_text(config.to_json_string(use_diff=False))


if __name__ == "__main__":
    main()
