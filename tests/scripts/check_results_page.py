"""The page of results says what comparison.json says, over one seed and over two."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
METHODS = ["base", "one", "multitask", "phatgoose", "phatgoose-k1", "average-activation", "arrow", "retrieval",
           "merged-product", "joint-gate", "best-individual"]


def comparison(tasks, score_of, differences):
    """Every method scores `score_of(method)` on all tasks; differences to phatgoose with their intervals."""
    methods = []
    for name in METHODS:
        score = {"score": score_of(name), "interval": [score_of(name) - 5, score_of(name) + 5]}
        low, high = differences.get(name, (-20, -10))
        methods.append({"name": name, "uses_labels": name == "best-individual", "mean": score,
                        "difference": None if name == "phatgoose" else {"score": (low + high) / 2, "interval": [low, high]},
                        "tasks": {task: {**score, "metric": "accuracy"} for task in tasks}})
    return {"reference": "phatgoose", "unit": "percent", "methods": methods}


class ResultsPage(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)

    def write(self, seed, score_of, differences=None):
        for suite, tasks in {"held-in": ["one"], "held-out": ["new", "other"]}.items():
            path = self.directory / f"seed-{seed}" / suite / "comparison.json"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(comparison(tasks, score_of, differences or {})))

    def page(self):
        done = subprocess.run([sys.executable, ROOT / "scripts/results_page.py", self.directory], text=True,
                              capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"{self.directory}/results.md\n")
        return (self.directory / "results.md").read_text()

    def row(self, page, first):
        return next(line for line in page.splitlines() if line.startswith(f"| {first} |"))

    def test_one_seed(self):
        self.write(0, lambda method: {"phatgoose": 60.0, "one": 80.0}.get(method, 40.0),
                   {"arrow": (-3, 2), "retrieval": (4, 9)})
        page = self.page()
        self.assertIn("means over 1 seed of", page)
        self.assertEqual(self.row(page, "Routing by trained gates beats the base").split(" | ")[-2:],
                         ["+15.0 [10.0, 20.0]", "holds |"])
        self.assertTrue(self.row(page, "... Arrow").endswith("undecided |"))
        self.assertTrue(self.row(page, "... retrieval of training examples").endswith("does not hold |"))
        self.assertIn("keeps 75 % of the experts' accuracy", page)
        self.assertEqual(self.row(page, "best-individual (uses labels)").count("40.0"), 2)

    def test_scores_are_means_over_seeds(self):
        self.write(0, lambda method: 40.0)
        self.write(1, lambda method: 50.0)
        page = self.page()
        self.assertIn("means over 2 seeds of", page)
        self.assertIn("| phatgoose | 45.0 | 45.0 | 45.0 |", page)

    def test_nothing_to_read(self):
        done = subprocess.run([sys.executable, ROOT / "scripts/results_page.py", self.directory], text=True,
                              capture_output=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("run scripts/reproduce.sh first", done.stderr)


if __name__ == "__main__":
    unittest.main()
