"""BIG-bench Hard: the JSON files of its repository ({"examples": [{"input", "target"}]}), or lukaemon/bbh's records.

Where an input lists its options, they are the choices: `(A) ...` by their labels, because that is how the target names
them, or by their texts; `- yes` by their texts.
"""

import re

from phatgoose_data import json_stream
from phatgoose_data.errors import UsageError
from phatgoose_data.layouts.base import Layout, Option
from phatgoose_data.records import extension, files_of, open_text
from phatgoose_data.row import Candidate, Dropped, squeezed

KNOWN = {"input", "target"}
OPTIONS = re.compile(r"^Options:[ \t]*$", re.MULTILINE)
LABELLED = re.compile(r"^\s*(\([A-Z]\))\s*(.*?)\s*$")
BULLET = re.compile(r"^\s*-\s+(.*?)\s*$")


def read(paths, options, source):
    if options["answers"] not in ("labels", "texts"):
        raise UsageError(f"answers: found {options['answers']!r}, expected labels or texts")
    number = 0
    for path in paths:
        for file in files_of(path, options["split"]):
            for place, record in _records(file, source):
                source.count()
                if isinstance(record, Dropped):
                    yield record
                else:
                    yield _candidate(place, record, f"{options['name']}/{number}", options)
                number += 1


def _records(file, source):
    if not (extension(file) == ".json" and is_document(file)):
        yield from source.read(file, KNOWN)
        return
    source.note_file(file)
    with open_text(file) as stream:
        number = 0
        for key, value in json_stream.members(file, stream, "examples"):
            if key != "examples":
                continue  # the canary
            place = f"{source.shown(file)}: example {number}"
            if isinstance(value, dict):
                source.ignore(value.keys() - KNOWN)
            yield place, value if isinstance(value, dict) else Dropped(place, "not_an_object")
            number += 1


def is_document(file):
    """Rather than JSON Lines, or an array of records."""
    with open_text(file) as stream:
        return json_stream.has_array(file, stream, "examples")


def _candidate(place, record, own_id, options):
    text, target = record.get("input"), record.get("target")
    choices = list(options["choices"] or [])
    if not choices and isinstance(text, str):
        labels, texts = listed_options(text)
        by_label = bool(labels) and options["answers"] == "labels"
        choices = labels if by_label else texts
        if labels and isinstance(target, str):
            target = _named_like(choices, target, labels, texts)
    if isinstance(text, str):
        text += options["suffix"]
    return Candidate(place, own_id, text, [target], choices or None)


def listed_options(text):
    """Labels and texts of the options that an input lists at its end; no labels where they are bullets."""
    heads = list(OPTIONS.finditer(text))
    lines = text[heads[-1].end():].split("\n") if heads else []
    labelled = [match.groups() for match in map(LABELLED.match, lines) if match]
    if labelled:
        return [label for label, _ in labelled], [option for _, option in labelled]
    return [], [match[1] for match in map(BULLET.match, lines) if match]


def _named_like(choices, target, labels, texts):
    """The target among the choices: a few files name some options by their text instead of their label."""
    names = {squeezed(text): choice for text, choice in zip(texts, choices)}
    names.update(zip(labels, choices))
    return names.get(squeezed(target), target)


LAYOUT = Layout("bbh", "BIG-bench Hard: the JSON files of its repository, or lukaemon/bbh", read, (
    Option("choices", "the choices of every row, where the inputs do not list them", list),
    Option("answers", "what stands for an option `(A) ...`: its label, as in the targets, or its text; labels or texts",
           default="labels"),
), suffix="\nAnswer:")
