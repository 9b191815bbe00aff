"""What a script that repeats a comparison for several seeds left in a directory. Python's standard library only."""

import json
import random
import statistics

SUITES = {"held-in": "held-in", "new-words": "new words", "several-skills": "several skills", "two-hops": "two hops"}
RESAMPLES = 1000


class SeedRuns:
    """The comparisons of DIR/seed-0, DIR/seed-1, ..."""

    def __init__(self, directory):
        self.seeds = sorted(directory.glob("seed-*"), key=lambda path: int(path.name[5:]))

    def methods(self, suite):
        """Of each seed, by name."""
        return [{method["name"]: method for method in json.loads((seed / suite / "comparison.json").read_text())["methods"]
                 if not method["uses_labels"]} for seed in self.seeds]

    def score(self, suite, name):
        """The mean over seeds; none where the suite has no such method."""
        found = [methods.get(name) for methods in self.methods(suite)]
        return statistics.mean(method["mean"]["score"] for method in found) if all(found) else None

    def difference_cell(self, suite, name):
        """Of the difference to what the suite's methods are compared with: its mean, and the interval of each seed."""
        differences = [methods[name]["difference"] for methods in self.methods(suite)]
        return mean_and_intervals([d["score"] for d in differences], [d["interval"] for d in differences])


def mean_and_intervals(means, intervals):
    return f"{statistics.mean(means):+.1f} " + " ".join("[{:.1f}, {:.1f}]".format(*interval) for interval in intervals)


def number(value):
    return "" if value is None else f"{value:.1f}"


def paired_difference(values, reference):
    """The mean of the differences, and its 95 % bootstrap interval over pairs of one task and seed."""
    pairs = [values[key] - reference[key] for key in sorted(values)]
    draw = random.Random(0)
    means = sorted(statistics.mean(draw.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    return statistics.mean(pairs), (means[round(0.025 * RESAMPLES)], means[round(0.975 * RESAMPLES) - 1])


def paired_difference_cell(values, reference):
    mean, interval = paired_difference(values, reference)
    return mean_and_intervals([mean], [interval])
