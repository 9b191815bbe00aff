#!/usr/bin/env python3
"""Writes the page of scripts/reproduce.sh, DIR/results.md, from what the run left in DIR.

    scripts/results_page.py DIR

Scores are means over the seeds. The figures that the page shows are made by results_figures.py. Python's standard
library only.
"""

import json
import pathlib
import statistics
import sys

from results_data import SUITES, Suite, costs, dtypes, losses, place_of, routings

# What the papers say: the first method has a higher mean than the second.
CLAIMS = [
    ("Routing by trained gates beats the base", "base"),
    ("... the best single expert", "best-individual"),
    ("... merging the experts' products", "merged-product"),
    ("... merging the experts' factors", "merged-factors"),
    ("... all experts alike", "uniform"),
    ("... average activations", "average-activation"),
    ("... Arrow", "arrow"),
    ("... retrieval of training examples", "retrieval"),
    ("... multitask training on all the data", "multitask"),
    ("... gates trained together with the experts", "joint-gate"),
    ("... one expert per token", "phatgoose-k1"),
]
KINDS = {"held-in": "own tasks", "new-words": "one skill in new words", "several-skills": "several skills in one input",
         "two-hops": "two hops"}
CEILINGS = ["base", "phatgoose", "best-individual", "oracle", "token-oracle"]


def interval(score):
    return "[{:.1f}, {:.1f}]".format(*score["interval"])


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def score_table(suite):
    rows = []
    for method in suite.methods:
        first = suite.first(method)
        rows.append([method + (" (uses labels)" if first["uses_labels"] else ""),
                     *(f"{suite.score(method, task):.1f}" if suite.has(method, task) else "-" for task in suite.tasks),
                     f"{suite.mean(method):.1f}",
                     "{:.1f} to {:.1f}".format(*suite.spread(method)), interval(first["mean"])])
    return table(["method", *suite.tasks, "mean", "over seeds", "95 %, first seed"], rows)


def advantages(suite, other):
    """Of phatgoose over `other`, by seed: the difference of the means with its paired interval."""
    return [{"score": -row["difference"]["score"], "interval": [-bound for bound in reversed(row["difference"]["interval"])]}
            for row in suite.rows(other)]  # the file has other - phatgoose


def verdict(better):
    """A claim holds when it holds in every seed."""
    holds = all(each["interval"][0] > 0 for each in better)
    fails = all(each["interval"][1] < 0 for each in better)
    return "holds" if holds else "does not hold" if fails else "undecided"


def difference(better):
    return f"{statistics.mean(each['score'] for each in better):+.1f}"


def verdict_table(suites):
    """A verdict for each claim and kind of task."""
    rows = [[claim, *(f"{difference(better)} {verdict(better)}"
                      for better in (advantages(suite, other) for suite in suites.values()))] for claim, other in CLAIMS]
    return table(["claim", *(KINDS[name] for name in suites)], rows)


def claim_table(suite):
    rows = []
    for claim, other in CLAIMS:
        better = advantages(suite, other)
        rows.append([claim, f"{suite.mean('phatgoose'):.1f}", f"{suite.mean(other):.1f}", difference(better),
                     " ".join(interval(each) for each in better), verdict(better)])
    return table(["claim", "phatgoose", "the other", "difference", "95 %, a seed each", "here"], rows)


def own_table(suite):
    """What routing keeps of every expert on the task that it was trained for, and the share of it in percent."""
    methods = ("base", None, "phatgoose", "phatgoose-k1", "uniform")
    own = [task for task in suite.tasks if task in suite.methods]
    scores = [[suite.score(method or task, task) for method in methods] for task in own]
    means = [statistics.mean(column) for column in zip(*scores)]
    rows = [[name, *(f"{score:.1f}" for score in row)] for name, row in zip([*own, "mean"], [*scores, means])]
    rows.append(["of its own expert, %", *(f"{100 * mean / means[1]:.0f}" for mean in means)])
    header = ["task", *(method or "its own expert" for method in methods)]
    return table(header, rows), 100 * means[2] / means[1]


def ceiling_part(suite):
    """Over the tasks that all of these methods have: rows of generation say nothing to the token oracle."""
    methods = [method for method in CEILINGS if method in suite.methods]
    tasks = [task for task in suite.tasks if all(suite.has(method, task) for method in methods)]
    rows = [[method, *(f"{suite.score(method, task):.1f}" for task in tasks), f"{suite.mean_over(method, tasks):.1f}"]
            for method in methods]
    scope = "" if len(tasks) == len(suite.tasks) else (f"Ceilings over {len(tasks)} of the {len(suite.tasks)} tasks, those "
                                                       "whose rows say which expert is right for each token:")
    return [scope or "Ceilings:", table(["method", *tasks, "mean"], rows)]


def weight_table(routings_of_seeds):
    """The mean weight on the right expert: a row each block, a column each kind of linear."""
    own = [routing.own_weights() for routing in routings_of_seeds]
    cells = {}
    for linear in own[0]:
        block, name = place_of(linear)
        cells.setdefault(block, {})[name] = statistics.mean(weights[linear] for weights in own)
    names = list(dict.fromkeys(name for block in cells.values() for name in block))
    rows = [[block, *(f"{of_block[name]:.2f}" if name in of_block else "" for name in names)]
            for block, of_block in cells.items()]
    return table(["block", *names], rows), statistics.mean(weight for weights in own for weight in weights.values())


def similarity(directory):
    """Mean cosine between the gates of two experts, over all pairs and seeds."""
    files = [json.loads(path.read_text()) for path in directory.glob("seed-*/similarity.json")]
    return statistics.mean(value for file in files for row, line in enumerate(file["similarity"]["gates"])
                           for column, value in enumerate(line) if row != column)


def routing_part(directory):
    seeds = routings(directory, "phatgoose")
    weights, mean = weight_table(seeds)
    compared = {name: statistics.mean(weight for routing in routings(directory, name)
                                      for weight in routing.own_weights().values())
                for name in ("average-activation", "arrow")}
    others = ", ".join(f"{name} {weight:.2f}" for name, weight in compared.items())
    entropy = statistics.mean(routing.entropy() for routing in seeds)
    return [f"Mean weight on a held-in task's own expert, by block and linear (by chance {1 / len(seeds[0].experts):.2f}): "
            f"{mean:.2f} over all; {others}. The weights that a linear gives the experts over a task have an entropy of "
            f"{entropy:.2f} nats; two experts' gates have a mean cosine of {similarity(directory):.2f}.", weights]


def cost_table(directory):
    rows = [[step, *(f"{max(line[key] for line in lines):,.0f}" for key in ("cpu_seconds", "peak_mib")),
             ", ".join(sorted({line["processor"] for line in lines}))]
            for step, lines in costs(directory).items()]
    return table(["step", "CPU seconds", "memory, MiB", "on"], rows)


def base_part(directory):
    if not losses(directory):
        return []
    script = pathlib.Path(__file__).with_name("make_base.sh").read_text()
    commands = script[script.index("scripts/make_text.py"):].replace("$out", "base").replace('"', "")
    return ["## The base", "Made by `scripts/make_base.sh`, whose commands are", f"```bash\n{commands}```",
            "Loss of its pretraining, means of 100 steps; the last part is LM adaptation, another task with a loss of its "
            f"own. It ended at {losses(directory)[-1][1]:.2f}.", "![loss](base.svg)"]


def page(directory):
    suites = {name: Suite(directory, name) for name in SUITES}
    own, share = own_table(suites["held-in"])
    seeds = len(suites["held-in"].seeds)
    rank = json.loads(next(directory.glob("seed-0/experts/*/adapter_config.json")).read_text())["r"]
    retrieval = json.loads((directory / "seed-0" / "routed" / "retrieval" / "manifest.json").read_text())
    parts = ["# Results on the embedded tasks",
             f"Made by `scripts/reproduce.sh --seeds {seeds}`: means over {seeds} seed{'s' * (seeds > 1)} of "
             f"{len(suites['held-in'].tasks)} experts of rank {rank} with their gates. [The tasks](../tasks.md); "
             "[what was tried before](designs.md); [an earlier page, over three seeds](three-seeds.md). Intervals are 95 % bootstrap intervals by example, differences are "
             "paired. Rows that use labels are references, not methods. Retrieval embeds with "
             f"{retrieval['router']['encoder']['name']}. Evaluated in {' and '.join(dtypes(directory))}.",
             "## What the papers claim, by kind of task",
             "phatgoose's mean minus the other's. A claim holds here when the interval of that difference is above 0 in "
             "every seed, and does not hold when it is below 0 in every seed. The papers speak of held-out tasks.",
             verdict_table(suites),
             "## What routing keeps of the experts on their own tasks", own,
             f"The routed model keeps {share:.0f} % of the experts' accuracy. Below 90 %, gates do not find their own "
             "tasks, and the comparison on held-out tasks says little.", *routing_part(directory)]
    for name, title in SUITES.items():
        parts += [f"## {title}", claim_table(suites[name])]
        parts += [] if name == "held-in" else ceiling_part(suites[name])
        parts += ["All methods:", score_table(suites[name]), f"![means]({name}.svg)"]
    parts += ["## Number of experts", "Means over all own tasks, with fewer experts than tasks.",
              "![number of experts](experts.svg)", *base_part(directory),
              "## What it costs", "On two cores; the longest and the largest of each step.", cost_table(directory)]
    return "\n\n".join(parts) + "\n"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: results_page.py DIR")
    directory = pathlib.Path(sys.argv[1])
    (directory / "results.md").write_text(page(directory))
    print(directory / "results.md")


if __name__ == "__main__":
    main()
