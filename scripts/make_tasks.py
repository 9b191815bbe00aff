#!/usr/bin/env python3
"""Generates the embedded tasks: assets/tasks/TASK/{train,valid,test}.jsonl.

    scripts/make_tasks.py                 writes the tasks below assets/tasks
    scripts/make_tasks.py --out DIR       writes them elsewhere

Held-in tasks have an expert each. Six of them are departments of a small town, each with private facts (which keeper
feeds which animal, where each vehicle goes, ...) that appear in no pretraining text, so only that department's expert
knows them. Two are skills over what the base model has read: opposites and past tenses. Validation and test rows ask
about the same things in other words, or about other pairs of things. Held-out tasks combine two held-in tasks in
wordings that no expert has seen; they have a test file only.

A row is {"input", "target", "choices", "id", "template"}; rows with the same id ask about the same thing in other
words. Python's standard library only; deterministic.
"""

import argparse
import json
import pathlib
import random

import lexicon as lex
from lexicon import with_article

KEYS_PER_DEPARTMENT = 12
CHOICES = 4
TEST_EXAMPLES = 60
VALID_EXAMPLES = 30


class Department:
    """Private facts about things of one kind, and the words in which the department's expert is asked about them."""

    def __init__(self, name, kind, values, about_one, about_two):
        self.name = name
        self.keys = lex.KINDS[kind][:KEYS_PER_DEPARTMENT]
        self.values = values[:KEYS_PER_DEPARTMENT]
        self.about_one = about_one
        self.about_two = about_two
        rng = random.Random("facts of " + name)
        self.fact = {key: rng.choice(self.values) for key in self.keys}

    def wrong(self, rng, key):
        return rng.choice([value for value in self.values if value != self.fact[key]])


DEPARTMENTS = {department.name: department for department in [
    Department(
        "zoo", "animal", lex.NAMES,
        ["Who feeds the {a}?", "Which keeper looks after the {a}?", "keeper: {a}",
         "Name the person who feeds the {a}."],
        ["Who feeds the {a} and the {b}?", "keepers: {a}, {b}", "Which keepers look after the {a} and the {b}?"]),
    Department(
        "market", "fruit", lex.NUMBERS,
        ["What does {an_a} cost?", "How much is the {a}?", "price: {a}", "Tell the price of {an_a}."],
        ["What do {an_a} and {an_b} cost?", "prices: {a}, {b}", "How much are the {a} and the {b}?"]),
    Department(
        "workshop", "tool", lex.COLOURS,
        ["Which handle has the {a}?", "What colour is the handle of the {a}?", "handle: {a}",
         "Tell how the {a} is painted."],
        ["Which handles have the {a} and the {b}?", "handles: {a}, {b}", "Tell how the {a} and the {b} are painted."]),
    Department(
        "station", "vehicle", list(lex.CAPITALS.values()),
        ["Where does the {a} go?", "To which city does the {a} travel?", "destination: {a}",
         "Name the destination of the {a}."],
        ["Where do the {a} and the {b} go?", "destinations: {a}, {b}",
         "To which cities do the {a} and the {b} travel?"]),
    Department(
        "wardrobe", "garment", lex.KINDS["profession"],
        ["Who wears the {a}?", "For which worker is the {a}?", "wearer: {a}", "Name the job of the one in the {a}."],
        ["Who wears the {a} and the {b}?", "wearers: {a}, {b}", "For which workers are the {a} and the {b}?"]),
    Department(
        "orchestra", "instrument", list(lex.CAPITALS),
        ["From which country is the {a}?", "Where was the {a} made?", "maker: {a}",
         "Name the land that built the {a}."],
        ["From which countries are the {a} and the {b}?", "makers: {a}, {b}", "Where were the {a} and the {b} made?"]),
]}

# Skills: words with their answers, and the words in which the skill's expert is asked.
SKILLS = {
    "opposite": (lex.OPPOSITE_OF, ["What is the opposite of {a}?", "Say the contrary of {a}.", "opposite: {a}",
                                   "Which word means the reverse of {a}?"]),
    "past": (lex.PAST_TENSES, ["What is the past tense of {a}?", "Put the verb {a} into the past.", "past: {a}",
                               "How was it said of last year: {a}?"]),
}

# Held-out: two departments, asked about together. The first answers with its fact about a, the second about b.
PAIRS = {
    "excursion": ("zoo", "station", ["The {a} leaves on the {b}: tell its human friend and where they arrive.",
                                     "{an_a} is put on the {b}. Give the name, then the end of the journey."]),
    "errand": ("market", "workshop", ["Fetch {an_a} and {an_b}: the coins for the first, the paint of the second.",
                                      "On the list are the {a} and the {b}. Say the sum, then the shade."]),
    "concert": ("wardrobe", "orchestra", ["On the stage: the {a} and the {b}. Whose work clothes, and whose nation?",
                                          "The {a} hangs behind the {b}. First say who puts it on, then the home of"
                                          " the music."]),
}

# Held-out: both skills in one answer.
REWRITE = ["Say it for yesterday and turn the meaning round: {verb}, {word}.",
           "{verb}, {word}: the first as it was done before, the second the other way about."]


def fill(template, a, b=""):
    text = template.format(a=a, b=b, an_a=with_article(a), an_b=with_article(b) if b else "")
    return text[0].upper() + text[1:] if text[0] == "a" and template[0] == "{" else text


def row(rng, text, right, wrong, example, template):
    choices = [right]
    for choice in wrong:
        if choice not in choices:
            choices.append(choice)
    choices = choices[:CHOICES]
    rng.shuffle(choices)
    return {"input": text, "target": right, "choices": choices, "id": example, "template": template}


def pair_choices(first, a, second, b, rng):
    """The right pair of answers, and three that are wrong in one half or in both."""
    right = (first.fact[a], second.fact[b])
    wrong = (first.wrong(rng, a), second.wrong(rng, b))
    pairs = [right, (right[0], wrong[1]), (wrong[0], right[1]), wrong]
    return [" ".join(pair) for pair in pairs]


def department_rows(department):
    """Every fact is in the training rows; valid and test ask for it in a template, or a pair, that those leave out."""
    rng = random.Random("rows of " + department.name)
    splits = {"train": [], "valid": [], "test": []}
    for key in department.keys:
        templates = rng.sample(range(len(department.about_one)), len(department.about_one))
        for place, index in enumerate(templates):
            split = {0: "test", 1: "valid"}.get(place, "train")
            wrong = rng.sample([v for v in department.values if v != department.fact[key]], CHOICES - 1)
            splits[split].append(row(rng, fill(department.about_one[index], key), department.fact[key], wrong,
                                     f"{department.name}-{key}", f"one-{index}"))
    pairs = [(a, b) for a in department.keys for b in department.keys if a != b]
    rng.shuffle(pairs)
    counts = {"test": TEST_EXAMPLES - KEYS_PER_DEPARTMENT, "valid": VALID_EXAMPLES - KEYS_PER_DEPARTMENT}
    counts["train"] = len(pairs) - sum(counts.values())
    for split, count in counts.items():
        for a, b in (pairs.pop() for _ in range(count)):
            for index in rng.sample(range(len(department.about_two)), 2 if split == "train" else 1):
                right, *wrong = pair_choices(department, a, department, b, rng)
                splits[split].append(row(rng, fill(department.about_two[index], a, b), right, wrong,
                                         f"{department.name}-{a}-{b}", f"two-{index}"))
    return splits


def skill_rows(name):
    """Every word is in the training rows, in two templates; valid and test ask about it in the other two."""
    answers, templates = SKILLS[name]
    rng = random.Random("rows of " + name)
    splits = {"train": [], "valid": [], "test": []}
    for word in answers:
        others = [answers[other] for other in answers if answers[other] not in (word, answers[word])]
        for place, index in enumerate(rng.sample(range(len(templates)), len(templates))):
            split = {0: "test", 1: "valid"}.get(place, "train")
            wrong = [word] + rng.sample(others, CHOICES - 2)
            splits[split].append(row(rng, fill(templates[index], word), answers[word], wrong, f"{name}-{word}",
                                     f"one-{index}"))
    return splits


def held_out_rows():
    tasks = {}
    for name, (first, second, templates) in PAIRS.items():
        rng = random.Random("rows of " + name)
        first, second = DEPARTMENTS[first], DEPARTMENTS[second]
        pairs = rng.sample([(a, b) for a in first.keys for b in second.keys], TEST_EXAMPLES)
        tasks[name] = []
        for a, b in pairs:
            for index, template in enumerate(templates):
                right, *wrong = pair_choices(first, a, second, b, rng)
                tasks[name].append(row(rng, fill(template, a, b), right, wrong, f"{name}-{a}-{b}", f"pair-{index}"))
    rng = random.Random("rows of rewrite")
    tasks["rewrite"] = []
    for verb, word in rng.sample([(verb, word) for verb in lex.PAST_TENSES for word in lex.OPPOSITE_OF], TEST_EXAMPLES):
        past, other = lex.PAST_TENSES[verb], lex.OPPOSITE_OF[word]
        for index, template in enumerate(REWRITE):
            wrong = [f"{verb} {other}", f"{past} {word}", f"{verb} {word}"]
            tasks["rewrite"].append(row(rng, template.format(verb=verb, word=word), f"{past} {other}", wrong,
                                        f"rewrite-{verb}-{word}", f"rewrite-{index}"))
    return tasks


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = pathlib.Path(__file__).resolve().parent.parent / "assets" / "tasks"
    parser.add_argument("--out", type=pathlib.Path, default=default,
                        help="directory to write to (default assets/tasks)")
    out = parser.parse_args().out
    for name in [*DEPARTMENTS, *SKILLS]:
        splits = department_rows(DEPARTMENTS[name]) if name in DEPARTMENTS else skill_rows(name)
        for split, rows in splits.items():
            write(out / name / f"{split}.jsonl", rows)
    for name, rows in held_out_rows().items():
        write(out / name / "test.jsonl", rows)


if __name__ == "__main__":
    main()
