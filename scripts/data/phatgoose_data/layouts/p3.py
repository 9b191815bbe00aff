"""bigscience/P3: a folder for each template of a set, named SET_TEMPLATE, with the files of every split.

P3 has no ids. Its configurations of a set were rendered from the same examples in the same order, and an example that a
template has nothing to say about was left out of that template's. So record N of every configuration is one example as
long as they have the same number of records; the rows of a configuration with another number get ids of their own, and
the report names it (`unaligned`). Sets `..._score_eval` have a record for each choice; these become one row.
"""

import collections
import fnmatch
import pathlib
import re

from phatgoose_data import records
from phatgoose_data.errors import DataError, NotThere
from phatgoose_data.layouts.base import Layout, Option
from phatgoose_data.records import files_of
from phatgoose_data.row import Candidate, Dropped

SCORE_EVAL = "_score_eval"
KNOWN = {"inputs_pretokenized", "targets_pretokenized", "answer_choices", "is_correct", "idx"}
UNUSED = {"inputs", "targets", "weight"}  # token ids of the same texts, and a constant


def read(paths, options, source):
    for folder in paths:
        templates = _templates(pathlib.Path(folder), options)
        counts = {template: len_of(files) for template, (files, _) in templates.items()}
        aligned, _ = collections.Counter(counts.values()).most_common(1)[0]
        unaligned = sorted(template for template, count in counts.items() if count != aligned)
        if unaligned:
            source.notes["unaligned"] = unaligned
        yield from _in_turn([
            _rows(files, folded, template, options["name"] + (f"/{template}" if template in unaligned else ""), source)
            for template, (files, folded) in templates.items()])


def _templates(folder, options):
    """The files of each template's configuration, and whether they are folded: by the template's name. Where a template
    has both kinds of configuration, the one with whole rows is read."""
    if not folder.is_dir():
        raise NotThere(f"{folder}: no such directory")
    pattern = re.compile(fnmatch.translate(options["configs"]).replace(".*", "(.+)", 1))
    whole, folded = {}, {}
    for each in sorted(entry.name for entry in folder.iterdir() if entry.is_dir()):
        match = pattern.match(each.removesuffix(SCORE_EVAL))
        if match and "*" in options["configs"]:
            (folded if each.endswith(SCORE_EVAL) else whole)[match[1]] = folder / each
    found = {}
    for template in sorted(whole.keys() | folded.keys()):
        try:
            directory = whole.get(template) or folded[template]
            found[template] = files_of(directory, options["split"]), template not in whole
        except NotThere:
            pass
    if not found:
        raise NotThere(f"{folder}: no configuration {options['configs']} with the split {options['split']}")
    return found


def len_of(files):
    """The records of several files."""
    return sum(records.count(file) for file in files)


def _in_turn(iterators):
    """The first of each, the second of each, and so on: the templates of an example stand together."""
    while iterators:
        going_on = []
        for iterator in iterators:
            for item in iterator:
                yield item
                going_on.append(iterator)
                break
        iterators = going_on


def _rows(files, folded, template, name, source):
    found = _records(files, source)
    return _folded_rows(found, template, name) if folded else _whole_rows(found, template, name)


def _records(files, source):
    for file in files:
        for place, record in source.read(file, KNOWN | UNUSED, KNOWN):
            source.count()
            yield place, record


def _whole_rows(found, template, name):
    for number, (place, record) in enumerate(found):
        if isinstance(record, Dropped):
            yield record
        else:
            yield Candidate(place, f"{name}/{number}", record.get("inputs_pretokenized"),
                            [record.get("targets_pretokenized")], record.get("answer_choices"), template)


def _folded_rows(found, template, name):
    """One row for the records of one example, which follow each other; `idx` is [example, choice], however nested."""
    current, choices, right, first = None, [], [], None
    for place, record in found:
        example = None if isinstance(record, Dropped) else _example(record.get("idx"))
        if current is not None and example != current:
            yield _folded(first, current, choices, right, template, name)
            current, choices, right = None, [], []
        if example is None:
            yield record if isinstance(record, Dropped) else Dropped(place, "bad_index")
            continue
        if current is None:
            current, first = example, (place, record.get("inputs_pretokenized"))
        choices.append(record.get("targets_pretokenized"))
        if record.get("is_correct"):
            right.append(record.get("targets_pretokenized"))
    if current is not None:
        yield _folded(first, current, choices, right, template, name)


def _folded(first, example, choices, right, template, name):
    place, text = first
    if not right:
        return Dropped(place, "no_right_choice")
    return Candidate(place, f"{name}/{example}", text, right, choices, template)


def _example(idx):
    """The example of [example, choice], of [[example], choice] and of [[example, choice]]; None where there is none."""
    numbers = _flat(idx)
    if len(numbers) < 2 or not all(isinstance(number, int) and number >= 0 for number in numbers):
        return None
    return "-".join(map(str, numbers[:-1]))


def _flat(value):
    return [number for part in value for number in _flat(part)] if isinstance(value, list) else [value]


LAYOUT = Layout("p3", "a copy of bigscience/P3: a folder for each template, SET_TEMPLATE", read, (
    Option("configs", "the set's folders, super_glue_rte_*; what * stands for is the name of the template",
           required=True),
))
