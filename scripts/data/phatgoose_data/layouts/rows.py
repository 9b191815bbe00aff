"""Rows like ours that are there already: JSON Lines (or Parquet) with input, target, choices, targets, id, template."""

from phatgoose_data.layouts.base import Layout, Option
from phatgoose_data.records import files_of
from phatgoose_data.row import Candidate, Dropped, is_missing

KNOWN = {"input", "target", "targets", "choices", "id", "template"}
TOKEN_IDS = {"input_ids", "target_ids", "choices_ids"}


def read(paths, options, source):
    number = 0
    for path in paths:
        for file in files_of(path, options["split"]):
            for place, record in source.read(file, KNOWN):
                source.count()
                default_id = f"{options['name']}/{number}"
                number += 1
                yield record if isinstance(record, Dropped) else _candidate(place, record, default_id)


def _candidate(place, record, default_id):
    if any(record.get(name) is not None for name in TOKEN_IDS):
        return Dropped(place, "token_ids")
    answers = as_list(record.get("targets"))
    target = record.get("target")
    if target is not None or not answers:
        answers = [target, *(answer for answer in answers if answer != target)]
    own_id = record.get("id")
    return Candidate(place, default_id if is_missing(own_id) else own_id, record.get("input"), answers,
                     record.get("choices"), record.get("template"))


def as_list(value):
    """A list as it is, nothing for null, anything else as the one element."""
    return value if isinstance(value, list) else [] if value is None else [value]


LAYOUT = Layout("rows", "rows like ours: JSON Lines with input, target, choices, targets, id, template", read)
