"""Raw sets, rendered with the templates of promptsource: each example with each template."""

import pathlib

from phatgoose_data import templates
from phatgoose_data.errors import NotThere, UsageError
from phatgoose_data.layouts.base import Layout, Option
from phatgoose_data.layouts.rows import as_list
from phatgoose_data.records import files_of
from phatgoose_data.row import Candidate, Dropped, Refused


def read(paths, options, source):
    path = pathlib.Path(options["templates"])
    if not path.is_file():
        raise NotThere(f"{path}: no such file")
    source.notes["template_file"] = source.shown(path)
    loaded = templates.load_templates(path, options["max_variable"])
    used = set().union(*(template.variables for template in loaded))
    fields = [_Field(new, old) for new, old in (options["fields"] or {}).items()]
    number = 0
    for path in paths:
        for file in files_of(path, options["split"]):
            for place, record in source.read(file):
                source.count()
                own_id = f"{options['name']}/{number}"
                number += 1
                if isinstance(record, Dropped):
                    for template in loaded:
                        yield Dropped(_place(place, template), record.reason)
                    continue
                for field in fields:
                    field.rename(record)
                source.note_fields(record, used)
                for template in loaded:
                    yield _candidate(place, record, own_id, template, options["references"])


def _candidate(place, record, own_id, template, references):
    try:
        text, target, choices = template.render(record, own_id)
    except Refused as refused:
        return Dropped(_place(place, template), refused.reason)
    answers = [target]
    if references:
        others = [answer.strip() for answer in as_list(_at(record, references)) if isinstance(answer, str)]
        if target in others:  # the template asks for what these answer
            answers += [answer for answer in others if answer != target]
    return Candidate(_place(place, template), own_id, text, answers, choices, template.name)


def _place(place, template):
    return f"{place}, template {template.name}"


def _at(record, path):
    """The value at `answers.text`; None where there is none."""
    for key in path.split("."):
        record = record.get(key) if isinstance(record, dict) else None
    return record


class _Field:
    """A field under the name that templates have for it; `:int` makes a number of it."""

    def __init__(self, new, old):
        self.new, (self.old, _, kind) = new, old.partition(":")
        if kind not in ("", "int"):
            raise UsageError(f"fields: found {old!r}, expected NAME or NAME:int")
        self.is_int = bool(kind)

    def rename(self, record):
        if self.old in record:
            value = record.pop(self.old)
            record[self.new] = int(value) if self.is_int and str(value).strip().isdecimal() else value


LAYOUT = Layout("promptsource", "a set as it was published, each example with each template of promptsource", read, (
    Option("templates", "promptsource's templates.yaml of the set", required=True),
    Option("max_variable", "cut what a template inserts to so many characters, as promptsource does; 0: never", int,
           templates.MAX_VARIABLE),
    Option("references", "the field of all right answers, such as answers.text, for rows whose target is one of them"),
    Option("fields", "fields that the templates know under another name: NEW=OLD, or NEW=OLD:int for a number", dict),
))
