"""What scripts/reproduce.sh left in a directory, for the page and its figures. Python's standard library only."""

import json
import math
import pathlib
import statistics
import struct
import sys

SUITES = {"held-in": "Own tasks: each has an expert", "new-words": "Held-out: one skill in new words",
          "several-skills": "Held-out: several skills in one input", "two-hops": "Held-out: two hops"}


class Suite:
    """One suite's comparisons, a seed each."""

    def __init__(self, directory, name):
        paths = sorted(directory.glob(f"seed-*/{name}/comparison.json"))
        if not paths:
            sys.exit(f"results: no {directory}/seed-*/{name}/comparison.json; run scripts/reproduce.sh first")
        self.seeds = [json.loads(path.read_text()) for path in paths]
        self.methods = [row["name"] for row in self.seeds[0]["methods"]]
        self.tasks = list(self.seeds[0]["methods"][0]["tasks"])

    def rows(self, method):
        return [next(row for row in seed["methods"] if row["name"] == method) for seed in self.seeds]

    def mean(self, method):
        return statistics.mean(row["mean"]["score"] for row in self.rows(method))

    def spread(self, method):
        """The range of the means over the seeds."""
        means = [row["mean"]["score"] for row in self.rows(method)]
        return min(means), max(means)

    def has(self, method, task):
        return task in self.first(method)["tasks"]

    def score(self, method, task):
        return statistics.mean(row["tasks"][task]["score"] for row in self.rows(method))

    def mean_over(self, method, tasks):
        return statistics.mean(self.score(method, task) for task in tasks)

    def first(self, method):
        return self.rows(method)[0]


class Routing:
    """How the experts were used by a routed model, by task and linear: routing.safetensors, means over tokens."""

    def __init__(self, path):
        data = path.read_bytes()
        start = 8 + struct.unpack_from("<Q", data)[0]
        header = json.loads(data[8:start])
        axes = header.pop("__metadata__")
        self.experts, self.linears = json.loads(axes["experts"]), json.loads(axes["linears"])

        def values(name, code):
            first, last = header[name]["data_offsets"]
            return struct.unpack_from(f"<{(last - first) // 8}{code}", data, start + first)

        self.weights = {}  # by task: of every linear, the mean weight of each expert
        for task in [name.removesuffix(".tokens") for name in header if name.endswith(".tokens")]:
            sums, tokens, width = values(f"{task}.weights", "d"), values(f"{task}.tokens", "q"), len(self.experts)
            self.weights[task] = [[value / max(count, 1) for value in sums[row * width:(row + 1) * width]]
                                  for row, count in enumerate(tokens)]

    def own_weights(self):
        """By linear: the mean weight of a task's own expert, over the tasks that have one."""
        own = {task: self.experts.index(task) for task in self.weights if task in self.experts}
        return {linear: statistics.mean(self.weights[task][row][expert] for task, expert in own.items())
                for row, linear in enumerate(self.linears)}

    def entropy(self):
        """Mean entropy, in nats, of the weights that a linear gives the experts over all tokens of a task."""
        return statistics.mean(-sum(weight * math.log(weight) for weight in linear if weight > 0)
                               for task in self.weights.values() for linear in task)


def place_of(linear):
    """The stack and block of a linear, and its name in a block: ("encoder 0", "self q")."""
    stack, _, block, _, _, part, name = linear.split(".")
    layer = {"SelfAttention": "self ", "EncDecAttention": "cross ", "DenseReluDense": ""}[part]
    return f"{stack} {block}", layer + name


def routings(directory, name):
    """One a seed: of the held-in suite, of the method called `name`."""
    return [Routing(path) for path in sorted(directory.glob(f"seed-*/held-in/{name}/routing.safetensors"))]


def costs(directory):
    """By step, in the order of their first run: all lines that cost.py wrote."""
    steps = {}
    for path in [directory / "costs.jsonl", *sorted(directory.glob("seed-*/*-logs/costs.jsonl"))]:
        for line in path.read_text().splitlines() if path.exists() else []:
            cost = json.loads(line)
            steps.setdefault(cost["step"], []).append(cost)
    return steps


def dtypes(directory):
    """The compute types that the methods were evaluated in: `auto` depends on the processor."""
    return sorted({json.loads(path.read_text())["dtype"] for path in directory.glob("seed-*/*/phatgoose/results.json")})


def losses(directory):
    """(step, mean loss of the hundred steps up to it) of the base's pretraining; empty where it was not made here."""
    path = pathlib.Path(directory) / "base" / "metrics.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    trained = [line for line in lines if "learning_rate" in line]
    return [(part[-1]["step"], statistics.mean(line["loss"] for line in part))
            for part in (trained[first:first + 100] for first in range(0, len(trained), 100))]
