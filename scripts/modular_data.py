"""What scripts/modular.sh left in a directory, for the page and its figure. Python's standard library only."""

import json
import pathlib

from seed_runs import SeedRuns


class Runs(SeedRuns):
    """Comparisons, sizes and few-shot scores, a seed each."""

    def adapters(self):
        """Those that were trained, by name: how many parameters, and how many numbers for each task."""
        sizes = {}
        for path in sorted(self.seeds[0].glob("*.json")):
            found = json.loads(path.read_text())
            routing = found.get("routing_parameters", 0) // max(1, len(found.get("tasks", [])))
            sizes[path.stem] = (found.get("adapter_parameters", found.get("lora_parameters")), routing)
        return dict(sorted(sizes.items(), key=lambda item: -item[1][0]))

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


def runs_of(argument):
    return Runs(pathlib.Path(argument))
