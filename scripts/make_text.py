#!/usr/bin/env python3
"""Writes plain English statements for pretraining the embedded base model, one document a line.

What can be known from the rest of the text, or by heart, is marked as [[span]] for salient span masking.

The statements say what there is to know of the small world (world.py), about one thing after another or about one
relation after another; some sentences know nothing. There are no questions, and no wording of a task occurs.

    scripts/make_text.py --lines 400000 --seed 1 > text.txt

Python's standard library only; the same arguments give the same bytes.
"""

import argparse
import random
import re
import sys

import lexicon as lex
from world import RELATIONS, related

LINKS = {name: len(relation.links) ** 1.5 for name, relation in RELATIONS.items()}
WORDS = sorted(set(lex.COMMON_WORDS).union(
    *(re.findall("[A-Za-z]+", statement.format(k="", v="")) + [key, value] for relation in RELATIONS.values()
      for statement in relation.statements for key, value in relation.links.items())))
DESCRIBED = [relation for relation in RELATIONS.values() if len(related(relation)) > 1]


def one_relation(rng):
    """Two to four things, and one fact of each."""
    relation = RELATIONS[rng.choices(list(LINKS), list(LINKS.values()))[0]]
    return [relation.say(rng, key) for key in rng.sample(list(relation.links), rng.randint(2, 4))]


def one_thing(rng):
    """A thing, and three or four facts of it."""
    relation = rng.choice(DESCRIBED)
    key = rng.choice(list(relation.links))
    said = related(relation) + ([relation] if rng.random() < 0.5 else [])
    rng.shuffle(said)
    return [each.say(rng, key, mark_key=True) for each in said]


def sentences(rng):
    """What nobody needs to know."""
    name, second = rng.sample(lex.NAMES, 2)
    now, before = rng.choice(list(lex.PAST_TENSES.items()))
    noun, job = rng.choice(lex.NOUNS), rng.choice(lex.JOBS)
    adjective, other = rng.sample(list(lex.OPPOSITE_OF), 2)
    return [rng.choice([
        f"{name} and {second} {before} together.", f"They want to {now} again.", f"The {job} {before} all day.",
        f"{name} saw the {noun}.", f"The {noun} was {adjective} and {other}.",
        f"The {adjective} {noun} is for the {job}.", f"{name} is a {job}.", f"{second} asked {name} about the {noun}.",
    ]) for _ in range(rng.randint(1, 3))]


def word_list(rng):
    """Words in no order, so that the vocabulary holds every one of them whole, whatever follows it."""
    words = rng.sample(WORDS, rng.randint(4, 8))
    return [rng.choice([", ", " ", "; "]).join(words) + rng.choice([".", "?", ":", "!", ""])]


# What a document is about, and how often.
TOPICS = [(one_relation, 50), (one_thing, 35), (sentences, 9), (word_list, 6)]


def document(rng):
    topic = rng.choices([topic for topic, _ in TOPICS], [weight for _, weight in TOPICS])[0]
    return " ".join(topic(rng))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", type=int, default=400_000, help="documents to write (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the choice (default %(default)s)")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    for _ in range(arguments.lines):
        sys.stdout.write(document(rng) + "\n")


if __name__ == "__main__":
    main()
