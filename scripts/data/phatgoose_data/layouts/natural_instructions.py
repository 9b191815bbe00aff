"""Super-NaturalInstructions: a JSON file for each task, with `Definition`, `Categories` and `Instances`."""

from phatgoose_data import json_stream
from phatgoose_data.errors import DataError
from phatgoose_data.layouts.base import Layout, Option
from phatgoose_data.layouts.rows import as_list
from phatgoose_data.records import files_of, open_text
from phatgoose_data.row import Candidate, Dropped, is_missing

INSTANCE_KEYS = {"id", "input", "output"}


def read(paths, options, source):
    """Tasks of other categories are no source of the set, and are not counted."""
    wanted = options["category"]
    for path in paths:
        for file in files_of(path, options["split"]):
            definition, categories = _head(file)
            found = [each for each in categories if wanted is None or each in as_list(wanted)]
            if wanted is None or found:
                set_name = found[0] if wanted is not None else None
                source.note_file(file, set_name)
                yield from _instances(file, definition, set_name, source)


def _head(file):
    """What the task asks, and its categories."""
    with open_text(file) as stream:
        head = {key: value for key, value in json_stream.members(file, stream, "Instances") if key != "Instances"}
    definition = head.get("Definition")
    if isinstance(definition, list) and len(definition) > 0:
        definition = definition[0]
    if not isinstance(definition, str):
        raise DataError(f"{file}: no text under `Definition`; expected a task of Super-NaturalInstructions")
    return definition.strip(), as_list(head.get("Categories"))


def _instances(file, definition, set_name, source):
    task = file.name.removesuffix(".gz").removesuffix(".json")
    with open_text(file) as stream:
        instances = (value for key, value in json_stream.members(file, stream, "Instances") if key == "Instances")
        for number, instance in enumerate(instances):
            source.count(set_name)
            place = f"{source.shown(file)}: instance {number}"
            if not isinstance(instance, dict):
                yield Dropped(place, "not_an_object", set_name)
                continue
            source.ignore(instance.keys() - INSTANCE_KEYS)
            text = instance.get("input")
            if isinstance(text, str) and text.strip():
                text = f"{definition}\n\n{text}"
            own_id = instance.get("id")
            yield Candidate(place, f"{task}/{number}" if is_missing(own_id) else own_id, text,
                            as_list(instance.get("output")), template=task, set=set_name)


LAYOUT = Layout("natural-instructions", "tasks of Super-NaturalInstructions, a JSON file each", read, (
    Option("category", "only tasks of this category, such as Translation"),
), many_sets="category")
