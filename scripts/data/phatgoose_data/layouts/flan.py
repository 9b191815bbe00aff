"""The FLAN collection as records with `inputs` and `targets`, and where each comes from: task and template."""

from phatgoose_data.layouts.base import Layout, Option
from phatgoose_data.layouts.rows import as_list
from phatgoose_data.records import files_of
from phatgoose_data.row import Candidate, Dropped

TASK_KEYS = ("_task_name", "task_name", "task")  # copies of the collection differ in these
TYPE_KEYS = ("_template_type", "template_type")
KNOWN = {"inputs", "targets", *TASK_KEYS, *TYPE_KEYS, "_template_idx", "_task_source", "task_source", "template_idx"}
ZERO_SHOT = ("zs_opt", "zs_noopt")


def read(paths, options, source):
    """Records of other tasks are no source of the set, and are not counted."""
    wanted, types = options["task_name"], set(options["template_types"] or ZERO_SHOT)
    numbers = {}
    for path in paths:
        for file in files_of(path, options["split"]):
            for place, record in source.read(file, KNOWN, KNOWN):
                if isinstance(record, Dropped):  # belongs to nobody knows which task: only a set of all tasks has it
                    if wanted is None:
                        source.count()
                        yield record
                    continue
                task = _first(record, TASK_KEYS)
                set_name = task if wanted is not None else None
                if wanted is None or task in as_list(wanted):
                    source.count(set_name)
                    number = numbers[task] = numbers.get(task, -1) + 1
                    yield _candidate(place, record, f"{task}/{number}", types, set_name)


def _first(record, keys):
    return next((record[key] for key in keys if record.get(key) is not None), None)


def _candidate(place, record, own_id, types, set_name):
    kind = _first(record, TYPE_KEYS)
    if kind is not None and kind not in types:
        return Dropped(place, "template_left_out", set_name)
    index = _first(record, ("_template_idx", "template_idx"))
    template = None if kind is None else kind if index is None else f"{kind}_{index}"
    answers = as_list(record.get("targets"))
    return Candidate(place, own_id, record.get("inputs"), answers, template=template, set=set_name)


LAYOUT = Layout("flan", "the FLAN collection: records with inputs, targets, task name and template type", read, (
    Option("task_name", "only records of this task, such as ai2_arc/ARC-Easy:1.0.0"),
    Option("template_types", "kinds of templates to keep; by default the zero-shot ones, zs_opt and zs_noopt", list),
), many_sets="task_name")
