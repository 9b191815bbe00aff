"""BIG-bench: tasksource/bigbench's records, or BIG-bench's own task.json, rendered zero-shot as BIG-bench does."""

import json
import math
import pathlib

from phatgoose_data import json_stream
from phatgoose_data.errors import NotThere
from phatgoose_data.layouts.base import Layout
from phatgoose_data.layouts.bbh import is_document
from phatgoose_data.layouts.shuffle import permuted
from phatgoose_data.records import extension, files_of, open_text
from phatgoose_data.row import Candidate, Dropped

HUB_KEYS = {"inputs", "targets", "multiple_choice_targets", "multiple_choice_scores", "idx"}
EXAMPLE_KEYS = {"input", "target", "target_scores"}
TASK_FILE = "task.json"
CHOICE_SEED = 42  # of the order in which BIG-bench appends choices to an input


def read(paths, options, source):
    counter = iter(range(1 << 62))  # numbers the examples of all files
    for path in paths:
        for file in _files(pathlib.Path(path), options):
            if extension(file) == ".json" and is_document(file):
                yield from _task(file, options, counter, source)
            else:
                yield from _hub(file, options, counter, source)


def _files(path, options):
    """Of a task folder of BIG-bench its task.json, or those of its subtasks; of anything else its files of records."""
    own = path / TASK_FILE
    if not own.is_file():
        return files_of(path, options["split"])
    if is_document(own):
        return [own]
    subtasks = sorted(path.glob(f"*/{TASK_FILE}"))
    if not subtasks:
        raise NotThere(f"{path}: neither examples in {TASK_FILE} nor subtasks")
    return subtasks


def _hub(file, options, counter, source):
    for place, record in source.read(file, HUB_KEYS, HUB_KEYS):
        source.count()
        own_id = f"{options['name']}/{next(counter)}"
        if isinstance(record, Dropped):
            yield record
            continue
        text = record.get("inputs")
        choices, scores = record.get("multiple_choice_targets") or [], record.get("multiple_choice_scores") or []
        yield _candidate(place, own_id, text, record.get("targets"), choices, scores, options)


def _task(file, options, counter, source):
    source.note_file(file)
    rendering = Rendering(file)
    with open_text(file) as stream:
        for number, example in enumerate(value for key, value in json_stream.members(file, stream, "examples")
                                         if key == "examples"):
            source.count()
            place, own_id = f"{source.shown(file)}: example {number}", f"{options['name']}/{next(counter)}"
            if not isinstance(example, dict):
                yield Dropped(place, "not_an_object")
                continue
            source.ignore(example.keys() - EXAMPLE_KEYS)
            scores = example.get("target_scores") or {}
            if not isinstance(scores, dict):
                yield Dropped(place, "bad_scores")
                continue
            candidate = _candidate(place, own_id, rendering.input(example.get("input"), scores), example.get("target"),
                                   list(scores), list(scores.values()), options)
            if isinstance(candidate, Candidate):  # BIG-bench asks an example that stands there twice once
                candidate.duplicate_key = json.dumps([source.shown(file), example])
            yield candidate


def _candidate(place, own_id, text, targets, choices, scores, options):
    """Where there are choices, the right ones are the answers, whatever the targets: these may be explanations."""
    answers = targets if isinstance(targets, list) else [targets]
    if choices:
        if len(scores) != len(choices) or not all(map(_is_number, scores)):
            return Dropped(place, "bad_scores")
        if max(scores) <= 0 and max(scores) == min(scores):
            return Dropped(place, "no_right_choice")
        answers = [choice for choice, score in zip(choices, scores) if score == max(scores)]
    if isinstance(text, str):
        text += options["suffix"]
    return Candidate(place, own_id, text, answers, choices or None)


def _is_number(score):
    return isinstance(score, (int, float)) and not (isinstance(score, float) and math.isnan(score))


class Rendering:
    """How the inputs of a task.json are shown: what its keys say, or BIG-bench's defaults."""

    DEFAULTS = {"task_prefix": "", "example_input_prefix": "\nQ: ", "example_output_prefix": "\nA: ",
                "choice_prefix": "\n  choice: ", "append_choices_to_input": True}

    def __init__(self, file):
        with open_text(file) as stream:
            task = dict(item for item in json_stream.members(file, stream, "examples") if item[0] in self.DEFAULTS)
        self.settings = {**self.DEFAULTS, **task}

    def input(self, text, scores):
        """None and other values that are no text pass, and are dropped where all rows are checked."""
        if not isinstance(text, str):
            return text
        settings = self.settings
        if scores and settings["append_choices_to_input"]:  # "false", as some tasks have it, counts as true there too
            text = settings["choice_prefix"].join([text, *permuted(sorted(scores), CHOICE_SEED)])
        return f"{settings['task_prefix']}{settings['example_input_prefix']}{text}" \
               f"{settings['example_output_prefix']}".strip()


LAYOUT = Layout("bigbench", "tasksource/bigbench, or a task folder of BIG-bench (task.json)", read, suffix="\nAnswer:")
