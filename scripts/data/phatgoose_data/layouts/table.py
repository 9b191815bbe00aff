"""Tables of any kind with a template of one's own: CSV and TSV with a header, or JSON Lines and Parquet."""

import pathlib

from phatgoose_data.errors import DataError
from phatgoose_data.layouts.base import Layout, Option
from phatgoose_data.records import files_of
from phatgoose_data.row import Candidate, Dropped, Refused, is_missing
from phatgoose_data.templates import Environment, Template


def read(paths, options, source):
    template = Template(Environment(), "template", _text(options["template"]), options["answer_choices"], 0)
    used = template.variables | ({options["id_field"]} if options["id_field"] else set())
    number = 0
    for path in paths:
        for file in files_of(path, options["split"]):
            for place, record in source.read(file):
                source.count()
                if isinstance(record, Dropped):
                    yield record
                else:
                    source.note_fields(record, used)
                    if number == 0 and source.lacking:
                        missing, found = ", ".join(sorted(source.lacking)), ", ".join(record)
                        raise DataError(f"{place}: no field {missing}, which the template uses; found {found}")
                    yield _candidate(place, record, f"{options['name']}/{number}", template, options["id_field"])
                number += 1


def _text(template):
    """The template itself, or the file that holds it."""
    if not template.startswith("@"):
        return template
    try:
        return pathlib.Path(template[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{template[1:]}: {error}") from None


def _candidate(place, record, own_id, template, id_field):
    if id_field is not None:
        own_id = record.get(id_field)
        if is_missing(own_id) or own_id == "":
            return Dropped(place, "no_id")
    try:
        text, target, choices = template.render(record, str(own_id))
    except Refused as refused:
        return Dropped(place, refused.reason)
    return Candidate(place, own_id, text, [target], choices)


LAYOUT = Layout("csv", "CSV or TSV with a header (or any other records), and a template", read, (
    Option("template", "jinja with ||| between input and target, {{question}} ||| {{answer}}; @FILE reads it",
           required=True),
    Option("answer_choices", "jinja for the choices, with `|||` between them"),
    Option("id_field", "the field that names an example; by default they are numbered"),
))
