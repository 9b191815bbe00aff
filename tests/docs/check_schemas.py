"""What phatgoose eval and score write is what docs/schemas says, key by key.

Usage: python tests/docs/check_schemas.py ROOT PROGRAMS
"""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema

ROOT, PROGRAMS = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
SUITE = """
name: both
tasks:
  - {name: food, data: choose.jsonl, kind: rank_classification, source: made up, mixture: all}
  - {name: past, data: write.jsonl, kind: generation, metrics: [exact_match, rouge_1, bleu], templates: [plain]}
  - {name: none, data: none.jsonl, kind: generation, may_be_missing: true}
"""


def run(command, *arguments):
    subprocess.run([PROGRAMS / f"phatgoose-{command}", *map(str, arguments)], check=True, capture_output=True)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def validator(name):
    schema = read(ROOT / "docs" / "schemas" / f"{name}.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


RESULTS, SAMPLES, COMPARISON = validator("results"), validator("samples"), validator("comparison")


def check(schema, value, place):
    faults = [f"{place}: {fault.json_path}: {fault.message}" for fault in schema.iter_errors(value)]
    assert not faults, "\n".join(faults)


def check_results(directory):
    results = read(directory / "results.json")
    check(RESULTS, results, directory / "results.json")
    for number, line in enumerate((directory / "samples.jsonl").read_text(encoding="utf-8").splitlines(), 1):
        check(SAMPLES, json.loads(line), f"{directory}/samples.jsonl:{number}")
    return results


def write_rows(directory):
    tasks = ROOT / "assets" / "tasks"
    choose = (tasks / "food" / "test.jsonl").read_text(encoding="utf-8").splitlines()[:8]
    (directory / "choose.jsonl").write_text("\n".join([*choose, "{}"]) + "\n", encoding="utf-8")
    rows = [json.loads(line) for line in (tasks / "past" / "test.jsonl").read_text(encoding="utf-8").splitlines()[:6]]
    for i, row in enumerate(rows):
        row["template"] = "plain" if i % 2 else "other"
        row["targets"] = [row["target"], "more"]
    (directory / "write.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (directory / "suite.yaml").write_text(SUITE, encoding="utf-8")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        directory = pathlib.Path(scratch)
        write_rows(directory)
        base, experts = ROOT / "assets" / "base", ROOT / "assets" / "experts"
        run("build", "--model", base, "--library", experts, "--out", directory / "routed")
        common = ["--model", base, "--suite", directory / "suite.yaml", "--skip-bad-rows", "--allow-missing", "--log", "quiet"]
        methods = [*common, "--base", "--routed", directory / "routed", "--expert", experts / "food", experts / "past"]
        run("eval", *methods, "--out", directory / "out")
        for method in ("base", "routed", "food", "past"):
            results = check_results(directory / "out" / method)
        check(COMPARISON, read(directory / "out" / "comparison.json"), "comparison.json")
        options = ["--pairs", "--all-metrics", "--templates", "--format", "json"]
        run("score", directory / "out", *options, "--out", directory / "score.json")
        check(COMPARISON, read(directory / "score.json"), "score.json")
        assert results["tasks"][0]["skipped_rows"] == 1 and results["missing_tasks"] == ["none"]
        shards = [directory / "shard1", directory / "shard2"]
        for number, shard in enumerate(shards, 1):
            run("eval", *common, "--base", "--shard", f"{number}/2", "--out", shard, "--pass-tokens", "60")
        run("score", "--join", *shards, "--out", directory / "joined")
        joined = check_results(directory / "joined")
        assert len(joined["timing"]["shards"]) == 2
    for key in RESULTS.schema["required"]:  # a schema that admits anything would be of no use
        broken = copy.deepcopy(joined)
        del broken[key]
        assert not RESULTS.is_valid(broken), f"results.json without {key} passes"
    assert not RESULTS.is_valid({**joined, "surprise": 1}), "a key that is not documented passes"
    print("results, samples and comparisons are as documented")


if __name__ == "__main__":
    main()
