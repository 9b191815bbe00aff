#!/usr/bin/env python3
"""glider_page.py DIR: the page of results that scripts/glider.sh has computed, on stdout."""

import json
import pathlib
import sys

SUITES = {"held-in": "held-in", "new-words": "new words", "several-skills": "several skills", "two-hops": "two hops"}
ALPHAS = ["0", "1", "3", "10", "30", "100", "auto"]
SOURCES = {"rule": "texts by the rule", "rule-encoder": "the same, embedded by a sentence encoder",
           "model-encoder": "texts by a language model, embedded by a sentence encoder"}
FAMILIES = {f"{source}-{per}": f"{title}, one a {unit}"
            for source, title in SOURCES.items() for per, unit in {"task": "task", "query": "row"}.items()}
FAMILIES |= {"consensus": "the gates' own consensus in place of texts",
             "average-activation": "texts by the rule beside the scores of average-activation, in place of the gates'",
             "arrow": "texts by the rule beside the scores of Arrow"}


def comparisons(directory):
    """Of each library: by suite, the methods by name."""
    libraries = sorted(directory.glob("library-*"))
    return [{suite: {method["name"]: method for method in json.loads((library / suite / "comparison.json").read_text())["methods"]}
             for suite in SUITES} for library in libraries]


def mean(numbers):
    return sum(numbers) / len(numbers)


def difference_cell(methods):
    """The mean of the differences, and the interval of each library."""
    differences = [method["difference"] for method in methods]
    intervals = " ".join("[{:.1f}, {:.1f}]".format(*difference["interval"]) for difference in differences)
    return f"{mean([difference['score'] for difference in differences]):+.1f} {intervals}"


def table(libraries, family):
    """Empty where a suite has no such method."""
    lines = ["| alpha | " + " | ".join(f"{title} | against phatgoose, 95 %" for title in SUITES.values()) + " |",
             "|---|" + "---:|---:|" * len(SUITES)]
    for alpha in ALPHAS:
        cells = []
        for suite in SUITES:
            methods = [library[suite].get(f"{family}-{alpha}") for library in libraries]
            known = all(methods)
            cells += [f"{mean([method['mean']['score'] for method in methods]):.1f}", difference_cell(methods)] if known else ["", ""]
        if any(cells):
            lines.append(f"| {alpha} | " + " | ".join(cells) + " |")
    return lines


def costs(directory):
    """What texts and embeddings took, and evaluations with and without them; seconds, means over the libraries."""
    taken = {}
    for library in sorted(directory.glob("library-*")):
        steps = {}
        for line in (library / "costs.jsonl").read_text().splitlines():
            step = json.loads(line)
            steps[step["step"]] = steps.get(step["step"], 0) + step["seconds"]
        for name in "phatgoose", "rule-task-auto", "rule-query-auto", "rule-encoder-query-auto", "consensus-3":
            timed = [library / suite / name / "results.json" for suite in SUITES]
            if all(path.exists() for path in timed):
                steps[f"evaluation, {name}"] = sum(json.loads(path.read_text())["timing"]["wall_seconds"] for path in timed)
        for name, seconds in steps.items():
            taken.setdefault(name, []).append(seconds)
    return ["| step | seconds |", "|---|---:|", *(f"| {name} | {mean(seconds):.1f} |" for name, seconds in taken.items())]


def main():
    libraries = comparisons(pathlib.Path(sys.argv[1]))
    base_line = [f"{title} {mean([library[suite]['phatgoose']['mean']['score'] for library in libraries]):.1f}"
                 for suite, title in SUITES.items()]
    print(f"PHATGOOSE without descriptions, mean over {len(libraries)} libraries of experts: {', '.join(base_line)}.")
    for family, title in FAMILIES.items():
        lines = table(libraries, family)
        if len(lines) > 2:
            print(f"\n### {title[0].upper()}{title[1:]}\n")
            print("\n".join(lines))
    print("\n### Costs\n")
    print("\n".join(costs(pathlib.Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
