#!/usr/bin/env python3
"""Writes plain English statements for pretraining the embedded base model, one document a line.

The statements say what the base should know before any expert is trained: opposites, plurals, past tenses, kinds of
things, capitals; and they use every word of the tasks in sentences that state none of the tasks' private facts. There
are no questions, and no wording of a task occurs.

    scripts/make_text.py --lines 400000 --seed 1 > build/base/text.txt

Python's standard library only; the same arguments give the same bytes.
"""

import argparse
import random
import sys

import lexicon as lex
from lexicon import with_article


def opposite(rng):
    a, b = rng.choice(list(lex.OPPOSITE_OF.items()))
    return rng.choice([
        f"The opposite of {a} is {b}.", f"{a} is the opposite of {b}.", f"{a} and {b} are opposites.",
        f"The reverse of {a} is {b}.", f"Not {a} but {b}.", f"If it is not {a} it is {b}.",
        f"Some are {a}, others are {b}.",
    ])


def two_opposites(rng):
    (a, b), (c, d) = rng.sample(list(lex.OPPOSITE_OF.items()), 2)
    return f"The opposites of {a} and {c} are {b} and {d}."


def plural(rng):
    one, many = rng.choice(list(lex.PLURAL_OF.items()))
    return rng.choice([
        f"The plural of {one} is {many}.", f"One {one}, two {many}.", f"One {one} but many {many}.",
        f"More than one {one} are {many}.", f"A single {one} is one of the {many}.",
        f"{with_article(one)} and another {one} make two {many}.",
    ])


def past(rng):
    now, before = rng.choice(list(lex.PAST_TENSES.items()))
    return rng.choice([
        f"The past tense of {now} is {before}.", f"Today they {now}; yesterday they {before}.",
        f"They {now} now and they {before} before.", f"The past form of {now} is {before}.",
        f"Last year they {before} and now they {now} again.", f"In the past {now} becomes {before}.",
    ])


def kind(rng):
    word, of = rng.choice(list(lex.KIND_OF.items()))
    return rng.choice([
        f"{with_article(word)} is {with_article(of)}.", f"{with_article(word)} is a kind of {of}.",
        f"The {word} belongs to the class {of}.", f"{with_article(word)} is an example of {with_article(of)}.",
        f"Every {word} is {with_article(of)}.",
    ])


def kinds_together(rng):
    of = rng.choice(list(lex.KINDS))
    a, b = rng.sample(lex.KINDS[of], 2)
    return rng.choice([f"The {a} and the {b} are both of the kind {of}.", f"{with_article(of)}: the {a}, the {b}."])


def capital(rng):
    country, city = rng.choice(list(lex.CAPITALS.items()))
    return rng.choice([
        f"The capital of {country} is {city}.", f"{city} is the capital of {country}.",
        f"The chief city of {country} is {city}.", f"{country} is governed from {city}.",
        f"{city} lies in {country}.",
    ])


def scene(rng):
    of, (place, person, acts) = rng.choice(list(lex.SCENES.items()))
    thing, other = rng.sample(lex.KINDS[of], 2)
    name, act = rng.choice(lex.NAMES), rng.choice(acts)
    return rng.choice([
        f"The {person} {act} {with_article(thing)}.", f"There is {with_article(thing)} at the {place}.",
        f"{name} {act} something at the {place}.", f"At the {place} the {person} {act} the {thing} and the {other}.",
        f"{name} is the {person} at the {place}.",
        f"Some {lex.PLURAL_OF[thing]} and {lex.PLURAL_OF[other]} are at the {place}.",
    ])


def sentence(rng):
    adjective, other = rng.sample(list(lex.OPPOSITE_OF), 2)
    now, before = rng.choice(list(lex.PAST_TENSES.items()))
    name, second = rng.sample(lex.NAMES, 2)
    colour, number = rng.choice(lex.COLOURS), rng.choice(lex.NUMBERS)
    noun = rng.choice(lex.NOUNS)
    job = rng.choice(lex.KINDS["profession"])
    city = rng.choice(list(lex.CAPITALS.values()))
    return rng.choice([
        f"{name} and {second} {before} together.", f"They want to {now} in {city}.", f"The {job} {before} in {city}.",
        f"{name} saw {number} {lex.PLURAL_OF[noun]} in {city}.", f"The {noun} was {adjective} and {other}.",
        f"The {colour} {noun} is for the {job}.", f"{name} paid {number} coins.", f"{name} is {number} years old.",
        f"{second} is a {job} from {city}.", f"The colour of the {noun} is {colour}.",
        f"{name} asked: is this {with_article(noun)}? {second} said: yes.",
    ])


def word_list(rng):
    words = rng.sample(lex.COMMON_WORDS, rng.randint(3, 6))
    return rng.choice([", ", " ", "; "]).join(words) + rng.choice([".", "?", ":", "!", ""])


# What a document is about, and how often.
TOPICS = [(opposite, 20), (two_opposites, 4), (plural, 12), (past, 18), (kind, 14), (kinds_together, 4), (capital, 12),
          (scene, 10), (sentence, 10), (word_list, 5)]


def document(rng):
    """One statement, or now and then two or three on one topic."""
    topic = rng.choices([topic for topic, _ in TOPICS], [weight for _, weight in TOPICS])[0]
    statements = [topic(rng) for _ in range(rng.choice([1, 1, 1, 1, 1, 2, 3]))]
    return " ".join(statements)


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
