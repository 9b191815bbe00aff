#!/usr/bin/env python3
"""Writes the page of scripts/reproduce.sh, DIR/results.md, from DIR/seed-*/SUITE/comparison.json.

    scripts/results_page.py DIR

Scores are means over the seeds. Differences to `phatgoose` are those of the first seed, with their paired 95 % intervals.
The figures that the page shows are made by results_figures.py. Python's standard library only.
"""

import json
import pathlib
import statistics
import sys

SUITES = {"held-in": "Tasks that have an expert each", "held-out": "Tasks that no expert was trained on"}

# What the papers say of held-out tasks: the first method has a higher mean than the second.
CLAIMS = [
    ("Routing by trained gates beats the base", "phatgoose", "base"),
    ("... the best single expert", "phatgoose", "best-individual"),
    ("... merging the experts", "phatgoose", "merged-product"),
    ("... average activations", "phatgoose", "average-activation"),
    ("... Arrow", "phatgoose", "arrow"),
    ("... retrieval of training examples", "phatgoose", "retrieval"),
    ("... multitask training on all the data", "phatgoose", "multitask"),
    ("... gates trained together with the experts", "phatgoose", "joint-gate"),
    ("... one expert per token", "phatgoose", "phatgoose-k1"),
]


class Suite:
    """One suite's comparisons, a seed each."""

    def __init__(self, directory, name):
        paths = sorted(directory.glob(f"seed-*/{name}/comparison.json"))
        if not paths:
            sys.exit(f"results_page: no {directory}/seed-*/{name}/comparison.json; run scripts/reproduce.sh first")
        self.seeds = [json.loads(path.read_text()) for path in paths]
        self.methods = [row["name"] for row in self.seeds[0]["methods"]]
        self.tasks = list(self.seeds[0]["methods"][0]["tasks"])

    def rows(self, method):
        return [next(row for row in seed["methods"] if row["name"] == method) for seed in self.seeds]

    def mean(self, method):
        return statistics.mean(row["mean"]["score"] for row in self.rows(method))

    def score(self, method, task):
        return statistics.mean(row["tasks"][task]["score"] for row in self.rows(method))

    def first(self, method):
        return self.rows(method)[0]


def interval(score):
    return "[{:.1f}, {:.1f}]".format(*score["interval"])


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def score_table(suite):
    rows = []
    for method in suite.methods:
        first = suite.first(method)
        difference = first["difference"]
        rows.append([method + (" (uses labels)" if first["uses_labels"] else ""),
                     *(f"{suite.score(method, task):.1f}" for task in suite.tasks),
                     f"{suite.mean(method):.1f}", interval(first["mean"]),
                     f"{difference['score']:+.1f} {interval(difference)}" if difference else ""])
    return table(["method", *suite.tasks, "mean", "95 % interval", "against phatgoose"], rows)


def claim_table(suite):
    rows = []
    for claim, better, worse in CLAIMS:
        difference = suite.first(worse)["difference"]  # worse - phatgoose
        low, high = (-bound for bound in reversed(difference["interval"]))
        verdict = "holds" if low > 0 else "does not hold" if high < 0 else "undecided"
        rows.append([claim, f"{suite.mean(better):.1f}", f"{suite.mean(worse):.1f}",
                     f"{-difference['score']:+.1f} [{low:.1f}, {high:.1f}]", verdict])
    return table(["claim", "phatgoose", "the other", "difference", "here"], rows)


def own_table(suite):
    """What routing keeps of every expert on the task that it was trained for, and the share of it in percent."""
    rows = [[task, f"{suite.score('base', task):.1f}", f"{suite.score(task, task):.1f}",
             f"{suite.score('phatgoose', task):.1f}"] for task in suite.tasks if task in suite.methods]
    means = [statistics.mean(float(row[column]) for row in rows) for column in (1, 2, 3)]
    rows.append(["mean", *(f"{mean:.1f}" for mean in means)])
    share = 100 * means[2] / means[1]
    return table(["task", "base", "its own expert", "routed"], rows), share


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: results_page.py DIR")
    directory = pathlib.Path(sys.argv[1])
    suites = {name: Suite(directory, name) for name in SUITES}
    held_in, held_out = suites["held-in"], suites["held-out"]
    own, share = own_table(held_in)
    seeds = len(held_out.seeds)
    parts = ["# Results on the embedded tasks",
             f"Made by `scripts/reproduce.sh --seeds {seeds}`: means over {seeds} seed{'s' * (seeds > 1)} of experts and "
             "gates. Intervals are 95 % bootstrap intervals by example; differences are paired, of the first seed. Rows "
             "that use labels are references, not methods.",
             "## What the papers claim of held-out tasks", claim_table(held_out),
             "## What routing keeps of the experts on their own tasks", own,
             f"The routed model keeps {share:.0f} % of the experts' accuracy. Where that is far below 90 %, its gates do "
             "not find their own tasks, and the comparison on held-out tasks says little."]
    for name, title in SUITES.items():
        parts += [f"## {title}", score_table(suites[name]), f"![means]({name}.svg)"]
    parts += ["## Number of experts", "![number of experts](experts.svg)"]
    (directory / "results.md").write_text("\n\n".join(parts) + "\n")
    print(directory / "results.md")


if __name__ == "__main__":
    main()
