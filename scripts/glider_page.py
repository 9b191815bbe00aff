#!/usr/bin/env python3
"""glider_page.py DIR: the page of results that scripts/glider.sh has computed, on stdout."""

import json
import pathlib
import sys

SUITES = {"held-in": "held-in", "new-words": "new words", "several-skills": "several skills", "two-hops": "two hops"}
ALPHAS = ["0", "1", "3", "10", "30", "100", "auto"]
FAMILIES = {"rule-task": "texts by the rule, one a task", "rule-query": "texts by the rule, one a row",
            "model-task": "texts by a language model, one a task",
            "consensus": "the gates' own consensus in place of texts"}


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
    lines = ["| alpha | " + " | ".join(f"{title} | against phatgoose, 95 %" for title in SUITES.values()) + " |",
             "|---|" + "---:|---:|" * len(SUITES)]
    for alpha in ALPHAS:
        name, cells = f"{family}-{alpha}", []
        if any(name not in library[suite] for library in libraries for suite in SUITES):
            continue
        for suite in SUITES:
            methods = [library[suite][name] for library in libraries]
            cells += [f"{mean([method['mean']['score'] for method in methods]):.1f}", difference_cell(methods)]
        lines.append(f"| {alpha} | " + " | ".join(cells) + " |")
    return lines


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


if __name__ == "__main__":
    main()
