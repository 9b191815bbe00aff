"""From what layouts find to a file of rows: checked, without duplicates, of one share, at most so many."""

import contextlib
import dataclasses
import json
import pathlib
import re

from phatgoose_data.errors import DataError, UsageError
from phatgoose_data.lengths import Tokens
from phatgoose_data.records import MAX_LINE
from phatgoose_data.report import Report, report_path, write_report
from phatgoose_data.row import Dropped, Refused, Settler
from phatgoose_data.store import Keys, Spool, key
from phatgoose_data.writer import complete_file

TRAINING_ROWS = 500_000  # of a set, as in T0 and PHATGOOSE
USES = ("evaluation", "training")


@dataclasses.dataclass
class Choice:
    """Which rows of a set are kept."""

    use: str = "evaluation"  #: training leaves out duplicates, takes at most 500,000 rows and does without choices
    max_rows: int | None = None  #: 0: no limit
    max_examples: int | None = None
    share: tuple = (0.0, 1.0)  #: examples whose hash, as a number from 0 to 1, is from here up to there
    without_templates: tuple = ()
    keep_duplicates: bool | None = None

    def __post_init__(self):
        if self.use not in USES:
            raise UsageError(f"use: found {self.use!r}, expected {' or '.join(USES)}")
        training = self.use == "training"
        if self.max_rows is None and training:
            self.max_rows = TRAINING_ROWS
        if self.keep_duplicates is None:
            self.keep_duplicates = not training
        for name in ("max_rows", "max_examples"):
            if (getattr(self, name) or 0) < 0:
                raise UsageError(f"{name}: found {getattr(self, name)}, expected a number of at least 0")
        if not (len(self.share) == 2 and 0 <= self.share[0] < self.share[1] <= 1):
            raise UsageError(f"share: found {list(self.share)}, expected two numbers with 0 <= FROM < TO <= 1")

    def has_share(self, example_key):
        place = example_key / (1 << 63)
        return self.share[0] <= place < self.share[1] or (self.share[1] == 1 and place >= 1)


def template_form(name):
    """Two names of a template are the same where they agree in this, as promptsource's and P3's do."""
    return re.sub(r"[^A-Za-z0-9_.]+", "_", name)


class SetMaker:
    """Makes one file of rows; candidates are pushed into it, one after the other."""

    def __init__(self, path, choice, name=None, tokenizer=None, max_tokens=512):
        self.path, self.choice = pathlib.Path(path), choice
        self.report = Report(name or self.path.name, use=choice.use)
        if tokenizer:
            self.report.tokens = Tokens(tokenizer, max_tokens)
        self.settler = Settler(choice.use == "evaluation")
        self.left_out = {template_form(template) for template in choice.without_templates}
        self.stack = contextlib.ExitStack()
        self.spool = self._closing(Spool())
        self.examples, self.kept_examples, self.contents, self.drawn = (self._closing(Keys()) for _ in range(4))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _closing(self, resource):
        self.stack.callback(resource.close)
        return resource

    def add(self, candidate):
        """A Candidate, or what a layout dropped."""
        self.report.read += 1
        if isinstance(candidate, Dropped):
            self.report.drop(candidate.reason, candidate.place)
            return
        try:
            self._add(candidate)
        except Refused as refused:
            self.report.drop(refused.reason, candidate.place)

    def _add(self, candidate):
        candidate.id, candidate.template = self.settler.text(candidate.id), self.settler.text(candidate.template)
        if candidate.template is not None and template_form(candidate.template) in self.left_out:
            raise Refused("template_left_out")
        example_key = key("example", candidate.id or "")
        if not self.choice.has_share(example_key):
            raise Refused("other_share")
        row, mends = self.settler.settle(candidate)
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        if len(line) > MAX_LINE:
            raise Refused("too_long")
        if candidate.duplicate_key is not None and not self.contents.add(key("own key", candidate.duplicate_key)):
            raise Refused("duplicate")
        content = json.dumps([row["input"], row["target"], row.get("choices"), row.get("targets")])
        if not self.choice.keep_duplicates and not self.contents.add(key("content", content)):
            raise Refused("duplicate")
        row_key = key("row", content, row["id"] or "", row.get("template", ""))
        if self.choice.max_rows:
            self.drawn.add(row_key)
        if self.choice.max_examples:
            self.examples.add(example_key)
        self.spool.add(row_key, example_key, mends, line)

    def finish(self, source):
        """Writes the file and its report, which it returns. `source`: what the layout says of what it read."""
        last_example = self.choice.max_examples and self.examples.threshold(self.choice.max_examples)
        last_row = self.choice.max_rows and self.drawn.threshold(self.choice.max_rows)
        with complete_file(self.path) as stream:
            for line in self._chosen(last_example, last_row):
                stream.write(line)
            self.report.check()
            if self.report.kept == 0:
                raise DataError(f"{self.path}: no row could be kept of {self._sources(source)}: {self._why()}")
        self.report.examples = self.kept_examples.count()
        report = self.report.as_dict(source)
        write_report(report_path(self.path), report)
        return report

    def _chosen(self, last_example, last_row):
        """The lines that are kept; counts every line of the spool."""
        for row_key, example_key, mends, line in self.spool:
            if last_example and example_key > last_example:
                self.report.drop("over_max_examples")
            elif last_row and (row_key > last_row or self.report.kept == self.choice.max_rows):
                self.report.drop("over_max_rows")
            else:
                self.kept_examples.add(example_key)
                self.report.keep(json.loads(line), mends)
                yield line

    def _sources(self, source):
        files = source["sources"]
        return files[0] if len(files) == 1 else f"{len(files)} files"

    def _why(self):
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.report.dropped.most_common())
        first = next((places[0] for places in self.report.places.values() if places), None)
        return (reasons or "there are none") + (f"; the first at {first}" if first else "")
