"""The page of results says what the files of a run say, over one seed and over two."""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
METHODS = ["base", "one", "two", "multitask", "phatgoose", "phatgoose-k1", "average-activation", "arrow", "retrieval",
           "uniform", "merged-product", "merged-factors", "joint-gate", "token-oracle", "best-individual", "oracle"]
SUITES = {"held-in": ["one", "two"], "new-words": ["new", "other"], "several-skills": ["several"], "two-hops": ["two hops"]}
LINEARS = ["encoder.block.0.layer.0.SelfAttention.q", "decoder.block.0.layer.2.DenseReluDense.wo"]


def comparison(tasks, score_of, differences):
    """Every method scores `score_of(method)` on all tasks; differences to phatgoose with their intervals."""
    methods = []
    for name in METHODS:
        score = {"score": score_of(name), "interval": [score_of(name) - 5, score_of(name) + 5]}
        low, high = differences.get(name, (-20, -10))
        difference = None if name == "phatgoose" else {"score": (low + high) / 2, "interval": [low, high]}
        has = tasks[:1] if name == "token-oracle" else tasks
        methods.append({"name": name, "uses_labels": "oracle" in name or name == "best-individual", "mean": score,
                        "difference": difference, "tasks": {task: {**score, "metric": "accuracy"} for task in has}})
    return {"reference": "phatgoose", "unit": "percent", "methods": methods}


def routing(weights):
    """The bytes of routing.safetensors of two experts: by task and linear, sums of weights over 10 tokens."""
    header, data = {"__metadata__": {"experts": '["one", "two"]', "linears": json.dumps(LINEARS)}}, b""
    for task, sums in weights.items():
        for name, values, kind, code, shape in [("weights", sums, "F64", "d", [2, 2]), ("tokens", [10, 10], "I64", "q", [2])]:
            part = struct.pack(f"<{len(values)}{code}", *values)
            header[f"{task}.{name}"] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(part)]}
            data += part
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


class ResultsPage(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)

    def put(self, path, content):
        path = self.directory / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def write(self, seed, score_of, differences=None):
        for suite, tasks in SUITES.items():
            self.put(f"seed-{seed}/{suite}/comparison.json", json.dumps(comparison(tasks, score_of, differences or {})))
        for method in ("phatgoose", "average-activation", "arrow"):
            own = 9.0 if method == "phatgoose" else 5.0
            weights = {"one": [own, 10 - own, 6.0, 4.0], "two": [10 - own, own, 8.0, 2.0], "no expert": [10.0, 0, 10.0, 0]}
            self.put(f"seed-{seed}/held-in/{method}/routing.safetensors", routing(weights))
        self.put(f"seed-{seed}/held-in/phatgoose/results.json", json.dumps({"dtype": ["fp32", "bf16"][seed]}))
        self.put(f"seed-{seed}/similarity.json", json.dumps({"similarity": {"gates": [[1, 0.25], [0.25, 1]]}}))
        self.put(f"seed-{seed}/experts/one/adapter_config.json", '{"r": 4}')
        self.put(f"seed-{seed}/routed/retrieval/manifest.json", '{"router": {"encoder": {"name": "a BERT"}}}')
        for seconds in (30.0, 31.0):
            cost = {"step": "expert", "seconds": seconds, "cpu_seconds": 29.0, "peak_mib": 800, "processor": f"CPU {seed}"}
            with open(self.directory / f"costs-{seed}", "a") as costs:
                costs.write(json.dumps(cost) + "\n")
        self.put(f"seed-{seed}/experts-logs/costs.jsonl", (self.directory / f"costs-{seed}").read_bytes())

    def page(self):
        done = subprocess.run([sys.executable, "-B", ROOT / "scripts/results_page.py", self.directory], text=True,
                              capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"{self.directory}/results.md\n")
        return (self.directory / "results.md").read_text()

    def row(self, page, first):
        return next(line for line in page.splitlines() if line.startswith(f"| {first} |")).strip("| ").split(" | ")

    def test_one_seed(self):
        self.write(0, lambda method: {"phatgoose": 60.0, "one": 80.0, "two": 80.0}.get(method, 40.0),
                   {"arrow": (-3, 2), "retrieval": (4, 9)})
        page = self.page()
        self.assertIn("means over 1 seed of 2 experts of rank 4", page)
        self.assertIn("Retrieval embeds with a BERT. Evaluated in fp32.", page)
        self.assertEqual(self.row(page, "Routing by trained gates beats the base")[1:], ["+15.0 holds"] * 4)
        self.assertEqual(self.row(page, "... Arrow")[1:], ["+0.5 undecided"] * 4)
        self.assertEqual(self.row(page, "... retrieval of training examples")[1:], ["-6.5 does not hold"] * 4)
        self.assertEqual(page.count("| +15.0 | [10.0, 20.0] | holds |"), 4 * 9)
        self.assertIn("keeps 75 % of the experts' accuracy", page)
        self.assertEqual(self.row(page, "best-individual (uses labels)").count("40.0"), 3)

    def test_ceilings_are_of_the_tasks_that_all_have(self):
        self.write(0, lambda method: {"token-oracle": 70.0, "base": 30.0}.get(method, 40.0))
        page = self.page()
        self.assertIn("Ceilings over 1 of the 2 tasks", page)
        self.assertIn("| method | new | mean |\n|---|---:|---:|\n| base | 30.0 | 30.0 |\n", page)
        self.assertIn("| token-oracle | 70.0 | 70.0 |", page)
        self.assertEqual(self.row(page, "token-oracle (uses labels)")[1:4], ["70.0", "-", "70.0"])

    def test_routing_statistics(self):
        self.write(0, lambda method: 40.0)
        page = self.page()
        self.assertEqual(self.row(page, "encoder 0"), ["encoder 0", "0.90"])  # (9 + 9) / 20
        self.assertEqual(self.row(page, "decoder 0"), ["decoder 0", "", "0.40"])  # (6 + 2) / 20
        self.assertIn("0.65 over all; average-activation 0.45, arrow 0.45.", page)
        self.assertIn("mean cosine of 0.25", page)

    def test_costs(self):
        self.write(0, lambda method: 40.0)
        self.assertEqual(self.row(self.page(), "expert"), ["expert", "29", "800", "CPU 0"])

    def test_scores_are_means_over_seeds_and_claims_hold_in_all(self):
        self.write(0, lambda method: 40.0)
        self.write(1, lambda method: 50.0, {"arrow": (-3, 2)})
        page = self.page()
        self.assertIn("means over 2 seeds of", page)
        self.assertIn("Evaluated in bf16 and fp32.", page)
        self.assertEqual(self.row(page, "expert")[-1], "CPU 0, CPU 1")
        self.assertIn("| phatgoose | 45.0 | 45.0 | 45.0 | 40.0 to 50.0 |", page)
        self.assertEqual(self.row(page, "... Arrow")[1:], ["+7.8 undecided"] * 4)
        self.assertIn("| ... Arrow | 45.0 | 45.0 | +7.8 | [10.0, 20.0] [-2.0, 3.0] | undecided |", page)
        self.assertEqual(self.row(page, "... retrieval of training examples")[1:], ["+15.0 holds"] * 4)

    def test_loss_of_a_base_made_here(self):
        self.write(0, lambda method: 40.0)
        self.assertNotIn("base.svg", self.page())
        lines = [{"step": step, "loss": 2.0 if step <= 100 else 1.0, "learning_rate": 0.1} for step in range(1, 201)]
        self.put("base/metrics.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
        page = self.page()
        self.assertIn("phatgoose pretrain --text base.txt --out base --make-vocab", page)
        self.assertIn("ended at 1.00", page)

    def test_nothing_to_read(self):
        done = subprocess.run([sys.executable, "-B", ROOT / "scripts/results_page.py", self.directory], text=True,
                              capture_output=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("run scripts/reproduce.sh first", done.stderr)


if __name__ == "__main__":
    unittest.main()
