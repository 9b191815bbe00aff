#!/usr/bin/env python3
"""Generates the embedded tasks: assets/tasks/TASK/{train,valid,test}.jsonl.

    scripts/make_tasks.py                 writes the tasks below assets/tasks
    scripts/make_tasks.py --out DIR       writes them elsewhere

Held-in tasks have an expert each: one asks for one relation of the small world (world.py), about one thing or two. The
base model knows the answers but not the questions. Train, valid and test rows are about different things. Held-out
tasks have a test file only. Most need one, two or three of the relations, asked for in words that no expert has seen;
those of two hops ask in the words of held-in tasks, but for a thing that another relation must name first.

A row is {"input", "target", "choices", "id", "template"}; rows with the same id ask about the same things in other
words. Wrong choices are what the same things have to say under other relations, as far as there are any. Rows of
held-out tasks also say which expert is right for which part of the input ("input_experts") and for which word of the
answer ("answer_experts"). Python's standard library only; deterministic.
"""

import argparse
import itertools
import json
import pathlib
import random
import string

from world import RELATIONS, related

CHOICES = 4
ROWS = {"train": 160, "valid": 32, "test": 60}  # at most, of a held-in task
SHARES = {"valid": 0.15, "test": 0.3}  # of a relation's things; the rest is for training
HELD_OUT_EXAMPLES = 40  # at most, each in four wordings
JOINING = "driver"  # the relation whose expert joins the others in the quickstart

# Held-out tasks: the relations that one row needs. Names in one tuple ask about the same thing.
HELD_OUT = {
    "excursion": [("keeper",), ("destination",)],
    "errand": [("fare",), ("material",)],
    "parade": [("paint",), ("flag",)],
    "harvest": [("crop",), ("capital",)],
    "rewrite": [("past",), ("opposite",)],
    "lesson": [("plural",), ("sort",)],
    "supper": [("food", "home")],
    "commute": [("driver",), ("destination",)],
    "concert": [("player", "origin")],
    "journey": [("food",), ("paint",), ("capital",)],
    "round": [("home",), ("player",), ("flag",)],
}
# Held-out tasks of two hops: the value under the first relation is what the second is asked about.
TWO_HOPS = {
    "embassy": ("origin", "capital"),
    "banner": ("origin", "flag"),
    "orchard": ("origin", "crop"),
    "basket": ("crop", "plural"),
}
FRAMES = {1: ["Please tell me {0}.", "I want to know {0}."],
          2: ["Please tell me {0}, and then {1}.", "I want to know {0} and {1}."],
          3: ["Please tell me {0}, then {1}, and last {2}.", "I want to know {0}, {1} and {2}."]}


def wrong_values(rng, relation, key):
    """What may be taken for the answer: other facts of `key` first, then values of other keys, in random order."""
    right = relation.links[key]
    others = [each.links[key] for each in related(relation) if each is not relation] or [key]
    rng.shuffle(others)
    elsewhere = sorted(set(relation.links.values()))
    rng.shuffle(elsewhere)
    return [value for value in dict.fromkeys(others + elsewhere) if value != right]


def wrong_choices(rng, asked):
    """Three answers to `asked`, (relation, key) pairs, that are wrong in a part or in all."""
    right = [relation.links[key] for relation, key in asked]
    wrong = [wrong_values(rng, relation, key) for relation, key in asked]
    if len(asked) == 1:
        return wrong[0][:CHOICES - 1]
    answers = [right]
    while len(answers) < CHOICES:
        mixed = [rng.choice([value, values[0], values[1]]) for value, values in zip(right, wrong)]
        if mixed not in answers:
            answers.append(mixed)
    return [" ".join(answer) for answer in answers[1:]]


def row(rng, text, asked, example, template):
    right = " ".join(relation.links[key] for relation, key in asked)
    choices = [right, *wrong_choices(rng, asked)]
    rng.shuffle(choices)
    return {"input": capital(text), "target": right, "choices": choices, "id": example, "template": template}


def capital(text):
    return text[0].upper() + text[1:]


def split_keys(rng, relation):
    """Keys of each split. Two keys that are each other's value stay together: who knows the one knows the other."""
    groups = sorted({tuple(sorted({key, value} & relation.links.keys())) for key, value in relation.links.items()})
    rng.shuffle(groups)
    splits = {}
    for split, share in SHARES.items():
        count = round(share * len(groups))
        splits[split], groups = groups[:count], groups[count:]
    return {split: [key for group in chosen for key in group] for split, chosen in {"train": groups, **splits}.items()}


def held_in_rows(relation):
    """Rows about one thing and rows about two; half of each, as far as there are enough."""
    rng = random.Random("rows of " + relation.name)
    rows = {}
    for split, keys in split_keys(rng, relation).items():
        ones = list(itertools.product([(key,) for key in keys], enumerate(relation.about_one)))
        twos = list(itertools.product(itertools.permutations(keys, 2), enumerate(relation.about_two)))
        count = min(len(ones), ROWS[split] // 2)
        asked = rng.sample(ones, count) + rng.sample(twos, min(len(twos), ROWS[split] - count))
        rng.shuffle(asked)
        rows[split] = [row(rng, wording.format(**dict(zip("ab", about))), [(relation, key) for key in about],
                           "-".join([relation.name, *about]), f"{'one' if len(about) == 1 else 'two'}-{index}")
                       for about, (index, wording) in asked]
    return rows


def pieces(frame, parts):
    """The parts in the frame, each with the words of the frame before it; the last also with those after it."""
    texts = [before + (parts[int(number)] if number else "") for before, number, *_ in string.Formatter().parse(frame)]
    if len(texts) > len(parts):
        texts[-2:] = ["".join(texts[-2:])]
    return [capital(texts[0]), *texts[1:]]


def held_out_row(rng, task, asked, frame_index, wording):
    frame = FRAMES[len(asked)][frame_index]
    texts = pieces(frame, [relation.in_new_words[wording].format(a=key) for relation, key in asked])
    experts = [relation.name for relation, _ in asked]
    made = row(rng, "".join(texts), asked, "-".join([task, *(key for _, key in asked)]),
               f"{task}-{frame_index}-{wording}")
    return made | {"input_experts": list(map(list, zip(texts, experts))), "answer_experts": experts}


def held_out_rows(task, examples):
    """Every example, a list of (relation, key), in all its wordings."""
    rng = random.Random("rows of " + task)
    examples = rng.sample(examples, min(HELD_OUT_EXAMPLES, len(examples)))
    return [held_out_row(rng, task, asked, frame, wording)
            for asked in examples for frame in (0, 1) for wording in (0, 1)]


def examples_of(needs):
    """All combinations of things that a held-out task can ask about."""
    keys = [list(RELATIONS[names[0]].links) for names in needs]
    return [[(RELATIONS[name], key) for names, key in zip(needs, chosen) for name in names]
            for chosen in itertools.product(*keys)]


def any_one():
    """All questions about one thing and one relation."""
    return [[(relation, key)] for relation in RELATIONS.values() if relation.name != JOINING for key in relation.links]


def two_hop_row(rng, task, key, wording, phrase):
    """The wrong choices: where the first hop leads, and what else is known of that."""
    first, second = (RELATIONS[name] for name in TWO_HOPS[task])
    before, after = second.about_one[wording].split("{a}")
    parts = [(before, second.name), (first.named[phrase].format(a=key), first.name), (after, second.name)]
    parts = [part for part in parts if part[0]]
    parts[0] = (capital(parts[0][0]), parts[0][1])
    reached = first.links[key]
    right = second.links[reached]
    choices = [right, *dict.fromkeys([reached, *wrong_values(rng, second, reached)])][:CHOICES]
    rng.shuffle(choices)
    return {"input": "".join(text for text, _ in parts), "target": right, "choices": choices, "id": f"{task}-{key}",
            "template": f"{task}-{wording}-{phrase}", "input_experts": [list(part) for part in parts],
            "answer_experts": [second.name]}


def two_hop_rows(task):
    """Every thing in all wordings of the two hops."""
    rng = random.Random("rows of " + task)
    first, second = (RELATIONS[name] for name in TWO_HOPS[task])
    return [two_hop_row(rng, task, key, wording, phrase) for key in first.links
            for wording in range(len(second.about_one)) for phrase in range(len(first.named))]


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = pathlib.Path(__file__).resolve().parent.parent / "assets" / "tasks"
    parser.add_argument("--out", type=pathlib.Path, default=default,
                        help="directory to write to (default assets/tasks)")
    out = parser.parse_args().out
    for name, relation in RELATIONS.items():
        for split, rows in held_in_rows(relation).items():
            write(out / name / f"{split}.jsonl", rows)
    for name, needs in HELD_OUT.items():
        write(out / name / "test.jsonl", held_out_rows(name, examples_of(needs)))
    for name in TWO_HOPS:
        write(out / name / "test.jsonl", two_hop_rows(name))
    write(out / "desk" / "test.jsonl", held_out_rows("desk", any_one()))


if __name__ == "__main__":
    main()
