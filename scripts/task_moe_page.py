#!/usr/bin/env python3
"""task_moe_page.py DIR: the tables of what scripts/task_moe.sh has computed, on stdout."""

import json
import pathlib
import statistics
import sys

from seed_runs import SUITES, SeedRuns, mean_and_intervals, number, paired_difference_cell

REFERENCE = "multi-task"


class Runs(SeedRuns):
    def few_shot(self, name):
        """summary.json of each seed; empty where nothing was adapted."""
        paths = [seed / "few-shot" / name / "summary.json" for seed in self.seeds]
        return [json.loads(path.read_text()) for path in paths] if all(path.exists() for path in paths) else []

    def agreement(self, name):
        """Of each seed: by what is compared, the value and its p; empty where a mixture has no router that learns."""
        paths = [seed / f"{name}.json" for seed in self.seeds]
        if not all(path.exists() for path in paths):
            return []
        return [{found["of"]: found for found in json.loads(path.read_text())["agreement"]} for path in paths]


def difference(runs, suite, name):
    return "" if name == REFERENCE else runs.difference_cell(suite, name)


def scores(runs, title, suites):
    print(f"\n## {title}\n")
    columns = {suite: SUITES[suite] for suite in suites}
    print("| method | " + " | ".join(f"{suite} | against {REFERENCE}, 95 %" for suite in columns.values()) + " |")
    print("|---|" + "---:|---|" * len(columns))
    for name in runs.methods(suites[0])[0]:
        cells = [cell for suite in suites for cell in (number(runs.score(suite, name)), difference(runs, suite, name))]
        print(f"| {name} | " + " | ".join(cells) + " |")


def means(summaries):
    """Of each seed and sample, the mean over tasks."""
    by_run = {}
    for seed, summary in enumerate(summaries):
        for task in summary["tasks"]:
            for run in task["scores"][0]["scores"]:
                by_run.setdefault((seed, run["sample"]), []).append(run["score"])
    return [statistics.mean(of_tasks) for of_tasks in by_run.values()]


def gains(summaries):
    """By task and seed, in per cent."""
    return {(task, seed): gain for seed, summary in enumerate(summaries)
            for task, gain in summary["relative_gain"][0]["tasks"].items()}


def few_shot(runs):
    names = [name for name in ["base", *runs.methods("held-in")[0]] if runs.few_shot(name)]
    names = sorted(dict.fromkeys(names), key=lambda name: -statistics.mean(means(runs.few_shot(name))))
    tasks = [task["task"] for task in runs.few_shot("base")[0]["tasks"]]
    reference = gains(runs.few_shot(REFERENCE))
    print("\n## New tasks, with 16 examples of each\n")
    print(f"| begins with | mean | {' | '.join(tasks)} | ARG, 95 % | less that of {REFERENCE}, 95 % |")
    print("|---|---|" + "---:|" * len(tasks) + "---|---|")
    for name in names:
        summaries = runs.few_shot(name)
        by_task = [number(statistics.mean(summary["tasks"][i]["scores"][0]["mean"] for summary in summaries))
                   for i in range(len(tasks))]
        arg = against = ""
        if name != "base":
            found = [summary["relative_gain"][0] for summary in summaries]
            arg = mean_and_intervals([gain["mean"] for gain in found], [gain["interval"] for gain in found])
        if name not in ("base", REFERENCE):
            against = paired_difference_cell(gains(summaries), reference)
        of_runs = means(summaries)
        print(f"| {name} | {statistics.mean(of_runs):.1f} ± {statistics.stdev(of_runs):.1f} | {' | '.join(by_task)} | {arg} |"
              f" {against} |")


def agreement_cell(found):
    """A correlation with routes that are all the same is none."""
    return "none" if found["value"] is None else f"{found['value']:.2f} ({found['p']:.4f})"


def routes(runs):
    print("\n## Routes and categories\n")
    names = [name for name in runs.methods("held-in")[0] if runs.agreement(name)]
    measures = {"clusters and categories": "adjusted Rand index", "routes and categories": "correlation with categories",
                "routes and task vectors": "correlation with vectors"}
    print("| mixture | " + " | ".join(f"{title} (p)" for title in measures.values()) + " |")
    print("|---|" + "---|" * len(measures))
    for name in names:
        cells = [", ".join(agreement_cell(seed[of]) for seed in runs.agreement(name) if of in seed) for of in measures]
        print(f"| {name} | " + " | ".join(cells) + " |")


def main():
    runs = Runs(pathlib.Path(sys.argv[1]))
    print(f"Means over {len(runs.seeds)} seeds, in per cent.")
    scores(runs, "Trained together", ["held-in"])
    scores(runs, "New tasks, without examples", [suite for suite in SUITES if suite != "held-in"])
    few_shot(runs)
    routes(runs)


if __name__ == "__main__":
    main()
