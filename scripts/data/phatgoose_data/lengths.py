"""How long texts are: in characters, and in tokens of a sentencepiece model."""

import collections
import pathlib

from phatgoose_data.errors import DataError

BINS_FROM = 4096  # lengths above are counted in bins an eighth of their size wide, so that their number stays small


class Lengths:
    """Mean, middle, 95th percentile and maximum of many lengths."""

    def __init__(self):
        self.counts, self.number, self.total, self.most = collections.Counter(), 0, 0, 0

    def add(self, length):
        self.number += 1
        self.total += length
        self.most = max(self.most, length)
        if length > BINS_FROM:
            length -= length % (1 << length.bit_length() - 4)
        self.counts[length] += 1

    def quantile(self, share):
        """The smallest length that at least this share of the texts do not exceed; of a bin, its smallest."""
        seen = 0
        for length in sorted(self.counts):
            seen += self.counts[length]
            if seen >= share * self.number:
                return length
        return 0

    def summary(self):
        mean = round(self.total / self.number, 1) if self.number else 0
        return {"mean": mean, "median": self.quantile(0.5), "percentile_95": self.quantile(0.95), "max": self.most}


class Tokens:
    """Lengths in tokens, EOS included, and how many texts are cut where `limit` tokens are read."""

    def __init__(self, model, limit):
        self.processor, self.limit = _processor(model), limit
        self.lengths = {"input": Lengths(), "target": Lengths()}
        self.cut = {"input": 0, "target": 0}

    def add(self, row):
        for part, lengths in self.lengths.items():
            length = len(self.processor.encode(row[part])) + 1
            lengths.add(length)
            self.cut[part] += length > self.limit

    def summary(self):
        return {"limit": self.limit,
                **{part: {**lengths.summary(), "cut": self.cut[part]} for part, lengths in self.lengths.items()}}


def _processor(model):
    if not pathlib.Path(model).is_file():
        raise DataError(f"{model}: no such file; --tokenizer needs a sentencepiece model (spiece.model)")
    try:
        import sentencepiece
    except ImportError:
        raise DataError("--tokenizer needs the Python package sentencepiece; scripts/data/make.sh has it") from None
    try:
        return sentencepiece.SentencePieceProcessor(model_file=str(model))
    except (RuntimeError, OSError):
        raise DataError(f"{model}: no sentencepiece model") from None
