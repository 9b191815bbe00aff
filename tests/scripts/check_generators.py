"""The committed tasks and their page are what the generators make; pretraining text is repeatable and gives nothing away."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TASKS = ROOT / "assets" / "tasks"
HELD_IN = sorted(path.parent.name for path in TASKS.glob("*/train.jsonl"))
HELD_OUT = sorted(path.name for path in TASKS.iterdir() if path.name not in HELD_IN)
RELATION_FIRST = {"embassy": "origin", "banner": "origin", "orchard": "origin", "basket": "crop"}
TWO_HOPS = set(RELATION_FIRST)
WORDS_IN_A_ROW = 5


def run(script, *arguments):
    return subprocess.run([sys.executable, "-B", ROOT / "scripts" / script, *arguments], check=True, text=True,
                          capture_output=True).stdout


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def runs_of_words(text):
    words = re.findall(r"[a-z']+", text.lower())
    return {tuple(words[first:first + WORDS_IN_A_ROW]) for first in range(len(words) - WORDS_IN_A_ROW + 1)}


class Generators(unittest.TestCase):
    def test_committed_tasks_are_reproduced(self):
        with tempfile.TemporaryDirectory() as scratch:
            run("make_tasks.py", "--out", scratch)
            made = {path.relative_to(scratch): path.read_bytes() for path in pathlib.Path(scratch).rglob("*.jsonl")}
        committed = {path.relative_to(TASKS): path.read_bytes() for path in TASKS.rglob("*.jsonl")}
        self.assertEqual(made.keys(), committed.keys())
        for path in made:
            self.assertEqual(made[path], committed[path], path)

    def test_committed_page_is_reproduced(self):
        self.assertEqual(run("tasks_page.py"), (ROOT / "docs" / "tasks.md").read_text())

    def test_there_are_enough_tasks(self):
        suites = {path.stem: re.findall(r"name: ([\w-]+),.*tasks/(\w+)/test", path.read_text())
                  for path in (ROOT / "assets" / "suites").glob("*.yaml")}
        self.assertEqual(sorted([name for name, _ in suites["held-in"]] + ["driver"]), HELD_IN)
        self.assertGreaterEqual(len(suites["held-in"]), 16)
        asked = {file for kind in ("new-words", "several-skills", "two-hops") for _, file in suites[kind]}
        self.assertEqual(sorted(asked | {"commute"}), HELD_OUT)
        self.assertEqual({file for _, file in suites["two-hops"]}, TWO_HOPS)
        self.assertEqual(sorted(file for _, file in suites["quickstart-own"]), HELD_IN)
        self.assertLess({file for _, file in suites["quickstart-held-out"]}, set(HELD_OUT))

    def test_rows_are_well_formed(self):
        for path in TASKS.rglob("*.jsonl"):
            for row in rows(path):
                self.assertEqual(row["choices"].count(row["target"]), 1, row)
                self.assertEqual(len(set(row["choices"])), 4, row)

    def test_held_out_rows_name_the_expert_of_every_part(self):
        for task in HELD_OUT:
            for row in rows(TASKS / task / "test.jsonl"):
                self.assertEqual("".join(text for text, _ in row["input_experts"]), row["input"])
                experts = [expert for _, expert in row["input_experts"]]
                if task in TWO_HOPS:  # what is asked, of what; only the first is answered
                    self.assertEqual(set(experts) - set(row["answer_experts"]), {RELATION_FIRST[task]})
                else:
                    self.assertEqual(experts, row["answer_experts"])
                for choice in row["choices"]:
                    self.assertEqual(len(choice.split()), len(row["answer_experts"]), row)
                self.assertLessEqual(set(row["answer_experts"]), set(HELD_IN))

    def test_two_hops_ask_in_the_words_of_held_in_tasks(self):
        """Each part of a question stands, but for the things that are named, in some question of its expert's task."""
        for task in TWO_HOPS:
            for row in rows(TASKS / task / "test.jsonl"):
                for text, expert in row["input_experts"]:
                    if expert != RELATION_FIRST[task]:
                        asked = "\n".join(each["input"].lower() for split in ("train", "valid", "test")
                                          for each in rows(TASKS / expert / f"{split}.jsonl"))
                        self.assertIn(text.lower().strip(), asked)

    def test_splits_ask_about_different_things(self):
        for task in HELD_IN:
            asked = {split: {thing for row in rows(TASKS / task / f"{split}.jsonl") for thing in row["id"].split("-")[1:]}
                     for split in ("train", "valid", "test")}
            self.assertFalse(asked["train"] & (asked["valid"] | asked["test"]), task)
            self.assertFalse(asked["valid"] & asked["test"], task)

    def test_assets_are_small(self):
        self.assertLess(sum(path.stat().st_size for path in (ROOT / "assets").rglob("*") if path.is_file()), 24e6)

    def test_text_is_repeatable(self):
        first = run("make_text.py", "--lines", "500", "--seed", "3")
        self.assertEqual(first, run("make_text.py", "--lines", "500", "--seed", "3"))
        self.assertNotEqual(first, run("make_text.py", "--lines", "500", "--seed", "4"))

    def test_text_shares_no_run_of_words_with_a_task(self):
        text = run("make_text.py", "--lines", "100000", "--seed", "1")
        known = set()
        for sentence in set(re.split(r"(?<=[.?!]) |\n", text)):
            known |= runs_of_words(sentence)
        self.assertGreater(len(known), 1000)
        for path in TASKS.rglob("*.jsonl"):
            for row in rows(path):
                self.assertFalse(runs_of_words(row["input"]) & known, row["input"])


if __name__ == "__main__":
    unittest.main()
