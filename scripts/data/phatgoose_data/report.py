"""What became of the rows of a set: counts that add up, as JSON and as a line of a table."""

import collections
import json
import pathlib

from phatgoose_data import row as rows
from phatgoose_data.lengths import Lengths
from phatgoose_data.writer import complete_file

NAMED_PLACES = 3


class Report:
    """Counts of one file of rows. Every row that is read is kept or dropped, under one name."""

    def __init__(self, file, **about):
        self.file, self.about = file, about
        self.read = self.kept = self.examples = 0
        self.with_choices = self.with_several_answers = 0
        self.dropped, self.mended, self.templates = (collections.Counter() for _ in range(3))
        self.places = collections.defaultdict(list)
        self.characters = {"input": Lengths(), "target": Lengths(), "choice": Lengths()}
        self.tokens = None

    def drop(self, reason, place=None):
        assert reason in rows.REASONS, reason
        self.dropped[reason] += 1
        if place is not None and len(self.places[reason]) < NAMED_PLACES:
            self.places[reason].append(place)

    def keep(self, row, mends):
        self.kept += 1
        self.mended.update(mends)
        self.templates[row.get("template", "")] += 1
        self.with_choices += "choices" in row
        self.with_several_answers += "targets" in row
        for part in ("input", "target"):
            self.characters[part].add(len(row[part]))
        for choice in row.get("choices", ()):
            self.characters["choice"].add(len(choice))
        if self.tokens is not None:
            self.tokens.add(row)

    def check(self):
        """A row that is neither kept nor dropped would be a mistake of this program."""
        assert self.read == self.kept + sum(self.dropped.values()), (self.read, self.kept, self.dropped)

    def as_dict(self, source):
        """`source` is what the layout says of what it read (Source.summary)."""
        named = {name: self.places[name] for name in sorted(self.dropped) if self.places[name]}
        report = {
            "file": self.file, **self.about, **source,
            "read": self.read, "kept": self.kept, "dropped": dict(sorted(self.dropped.items())),
            "first_dropped": named, "mended": dict(sorted(self.mended.items())),
            "examples": self.examples, "with_choices": self.with_choices,
            "with_several_answers": self.with_several_answers,
            "templates": {name: count for name, count in sorted(self.templates.items()) if name},
            "characters": {part: lengths.summary() for part, lengths in self.characters.items()},
        }
        if self.tokens is not None:
            report["tokens"] = self.tokens.summary()
        return report


def report_path(file):
    """Of a file of rows: next to it."""
    name = pathlib.Path(file).name
    for ending in (".gz", ".jsonl"):
        name = name.removesuffix(ending)
    return pathlib.Path(file).with_name(f"{name}.report.json")


def write_report(path, report):
    with complete_file(path) as stream:
        stream.write(json.dumps(report, ensure_ascii=False, indent=1).encode() + b"\n")


def table(reports):
    """A line for each file, and the reasons of what was dropped and mended below it."""
    columns = ("file", "layout", "records", "read", "kept", "dropped", "examples", "templates", "input chars")
    lines = [columns]
    notes = []
    for report in reports:
        lines.append((report["file"], report["layout"], *(f"{report[name]:,}" for name in ("records", "read", "kept")),
                      f"{sum(report['dropped'].values()):,}", f"{report['examples']:,}", str(len(report["templates"])),
                      f"{report['characters']['input']['mean']:,.0f}"))
        notes.append([f"{what} {count:,} {name}" for what in ("dropped", "mended")
                      for name, count in report[what].items()] + _lacking(report) + _cut(report))
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    printed = [_aligned(lines[0], widths), "-" * (sum(widths) + 2 * (len(widths) - 1))]
    for line, below in zip(lines[1:], notes):
        printed.append(_aligned(line, widths))
        printed += [f"    {note}" for note in below]
    return "\n".join(printed)


def _lacking(report):
    missing = ", ".join(report["missing_fields"])
    return [f"templates use fields that records lack: {missing}"] if missing else []


def _cut(report):
    tokens = report.get("tokens")
    return [f"{tokens[part]['cut']:,} {part}s of more than {tokens['limit']} tokens"
            for part in ("input", "target") if tokens and tokens[part]["cut"]]


def _aligned(line, widths):
    left = [cell.ljust(width) for cell, width in zip(line[:2], widths)]
    return "  ".join(left + [cell.rjust(width) for cell, width in zip(line[2:], widths[2:])]).rstrip()
