#!/usr/bin/env python3
"""Writes the page of the embedded tasks to stdout: of each an example, its chance level, and the skills that it needs.

    scripts/tasks_page.py > docs/tasks.md

Reads assets/tasks as make_tasks.py wrote them. Python's standard library only.
"""

import json
import pathlib

from make_tasks import CHOICES, HELD_OUT, JOINING, TWO_HOPS
from world import RELATIONS

TASKS = pathlib.Path(__file__).resolve().parent.parent / "assets" / "tasks"

INTRODUCTION = f"""# The embedded tasks

Made by [make_tasks.py](../scripts/make_tasks.py) from the small world of [world.py](../scripts/world.py) and
[lexicon.py](../scripts/lexicon.py); this page is made by [tasks_page.py](../scripts/tasks_page.py). The base model has
read plain statements of that world ([make_text.py](../scripts/make_text.py)), so it knows the answers, but it has seen no
question: no five words in a row of any input are in its text (`tests/scripts/check_generators.py`).

A row has {CHOICES} choices, so chance is {100 // CHOICES} %. The wrong choices say what else is known of the same thing: an
expert for another relation is not just of no help, it is wrong. In the suite's generation tasks the text itself is asked
for, and chance is 0.
"""

HELD_IN = f"""## Held-in tasks

One expert each. Rows ask about one thing, in four wordings, or about two at once, in three. Train, valid and test rows
ask about different things, so that an expert cannot answer by heart. `{JOINING}` has rows like the others, but its expert
is not in `assets/experts`: it joins them in the quickstart.

| task | links | rows: train, valid, test | an input about one thing | its choices | an input about two | its target |
|---|---|---:|---|---|---|---|"""

HELD_OUT_INTRODUCTION = """
## Held-out tasks

Rows of every held-out task say which expert is right for which part of the input and for which word of the answer, for
the reference row `token-oracle`.

### One skill, or several, in new words

Each row needs one, two or three of the skills at once: with several, the right expert changes within the input. Four
wordings, two frames by two ways to ask, share no way to ask with the held-in tasks.

| task | skills | rows | an input | its choices (the first is right) |
|---|---|---:|---|---|"""


TWO_HOP_INTRODUCTION = """
### Two hops

Each row asks, in the words of one held-in task, about a thing that it does not name: another skill must find it first.
Every thing is asked about in eight wordings. The wrong choices are where the first hop leads and what else is known of
that.

| task | first hop + second | rows | an input | its choices (the first is right) |
|---|---|---:|---|---|"""


def rows(task, split):
    return [json.loads(line) for line in (TASKS / task / f"{split}.jsonl").read_text().splitlines()]


def choices_of(row):
    return " / ".join([row["target"], *(choice for choice in row["choices"] if choice != row["target"])])


def held_in_line(relation):
    splits = {split: rows(relation.name, split) for split in ("train", "valid", "test")}
    counts = ", ".join(str(len(split)) for split in splits.values())
    one, two = (next(row for row in splits["test"] if row["template"].startswith(kind)) for kind in ("one", "two"))
    key, value = next(iter(relation.links.items()))
    return (f"| {relation.name} | {relation.kind}, {len(relation.links)}: {key} - {value} | {counts} | {one['input']} "
            f"| {choices_of(one)} | {two['input']} | {two['target']} |")


def held_out_line(task, skills):
    test = rows(task, "test")
    return f"| {task} | {skills} | {len(test)} | {test[0]['input']} | {choices_of(test[0])} |"


def skills_of(needs):
    skills = " + ".join(name for names in needs for name in names)
    return skills if len(needs) > 1 else f"{skills} of one {RELATIONS[needs[0][0]].kind}"


def main():
    held_out = {"desk": "any one"} | {task: skills_of(needs) for task, needs in HELD_OUT.items()}
    lines = [INTRODUCTION, HELD_IN, *(held_in_line(relation) for relation in RELATIONS.values()),
             HELD_OUT_INTRODUCTION, *(held_out_line(task, skills) for task, skills in held_out.items()),
             TWO_HOP_INTRODUCTION, *(held_out_line(task, " + ".join(hops)) for task, hops in TWO_HOPS.items())]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
