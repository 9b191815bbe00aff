"""What scripts/modular.sh left in a directory, for the page and its figure. Python's standard library only."""

import json
import pathlib
import random
import statistics

SUITES = {"held-in": "held-in", "new-words": "new words", "several-skills": "several skills", "two-hops": "two hops"}
RESAMPLES = 1000


class Runs:
    """Comparisons, sizes and few-shot scores, a seed each."""

    def __init__(self, directory):
        self.seeds = sorted(directory.glob("seed-*"), key=lambda path: int(path.name[5:]))

    def adapters(self):
        """Those that were trained, by name: how many parameters, and how many numbers for each task."""
        sizes = {}
        for path in sorted(self.seeds[0].glob("*.json")):
            found = json.loads(path.read_text())
            routing = found.get("routing_parameters", 0) // max(1, len(found.get("tasks", [])))
            sizes[path.stem] = (found.get("adapter_parameters", found.get("lora_parameters")), routing)
        return dict(sorted(sizes.items(), key=lambda item: -item[1][0]))

    def methods(self, suite):
        """Of each seed, by name."""
        return [{method["name"]: method for method in json.loads((seed / suite / "comparison.json").read_text())["methods"]
                 if not method["uses_labels"]} for seed in self.seeds]

    def score(self, suite, name):
        """The mean over seeds; none where the suite has no such method."""
        found = [methods.get(name) for methods in self.methods(suite)]
        return statistics.mean(method["mean"]["score"] for method in found) if all(found) else None

    def intervals(self, suite, name):
        """Of the difference to what the suite's methods are compared with: its mean, and the interval of each seed."""
        differences = [methods[name]["difference"] for methods in self.methods(suite)]
        return statistics.mean(d["score"] for d in differences), [d["interval"] for d in differences]

    def few_shot(self, name):
        """The scores by task and seed."""
        scores = {}
        for number, seed in enumerate(self.seeds):
            for path in sorted((seed / "few-shot" / name).glob("*/summary.json")):
                for task in json.loads(path.read_text())["tasks"]:
                    scores[task["task"], number] = task["scores"][0]["mean"]
        return scores

    def few_shot_names(self):
        return sorted(path.name for path in (self.seeds[0] / "few-shot").iterdir())


def paired_difference(scores, reference):
    """The mean of the differences, and its 95 % bootstrap interval over pairs of one task and seed."""
    pairs = [scores[key] - reference[key] for key in sorted(scores)]
    draw = random.Random(0)
    means = sorted(statistics.mean(draw.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    return statistics.mean(pairs), (means[round(0.025 * RESAMPLES)], means[round(0.975 * RESAMPLES) - 1])


def runs_of(argument):
    return Runs(pathlib.Path(argument))
