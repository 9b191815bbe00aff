"""The committed tasks are what make_tasks.py makes; pretraining text is repeatable and gives nothing away."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TASKS = ROOT / "assets" / "tasks"
HELD_OUT = {"excursion", "errand", "concert", "rewrite"}


def run(script, *arguments):
    return subprocess.run([sys.executable, ROOT / "scripts" / script, *arguments], check=True, text=True,
                          capture_output=True).stdout


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


class Generators(unittest.TestCase):
    def test_committed_tasks_are_reproduced(self):
        with tempfile.TemporaryDirectory() as scratch:
            run("make_tasks.py", "--out", scratch)
            made = {path.relative_to(scratch): path.read_bytes() for path in pathlib.Path(scratch).rglob("*.jsonl")}
        committed = {path.relative_to(TASKS): path.read_bytes() for path in TASKS.rglob("*.jsonl")}
        self.assertEqual(made.keys(), committed.keys())
        for path in made:
            self.assertEqual(made[path], committed[path], path)

    def test_rows_are_well_formed(self):
        for path in TASKS.rglob("*.jsonl"):
            for row in rows(path):
                self.assertEqual(row["choices"].count(row["target"]), 1, row)
                self.assertEqual(len(set(row["choices"])), len(row["choices"]), row)

    def test_no_test_input_is_trained_on(self):
        for task in TASKS.iterdir():
            if task.name not in HELD_OUT:
                trained = {row["input"] for row in rows(task / "train.jsonl")}
                for split in ("valid", "test"):
                    self.assertFalse(trained & {row["input"] for row in rows(task / f"{split}.jsonl")}, task)

    def test_text_is_repeatable(self):
        first = run("make_text.py", "--lines", "500", "--seed", "3")
        self.assertEqual(first, run("make_text.py", "--lines", "500", "--seed", "3"))
        self.assertNotEqual(first, run("make_text.py", "--lines", "500", "--seed", "4"))

    def test_text_holds_no_wording_of_a_task(self):
        text = run("make_text.py", "--lines", "50000", "--seed", "1")
        for path in TASKS.rglob("test.jsonl"):
            for row in rows(path):
                self.assertNotIn(row["input"], text)


if __name__ == "__main__":
    unittest.main()
