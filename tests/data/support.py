"""What the tests of scripts/data share."""

import contextlib
import gzip
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from phatgoose_data import cli

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOWNLOADS = pathlib.Path(__file__).resolve().parent / "downloads"
PROGRAMS = os.environ.get("PHATGOOSE_PROGRAMS")


class DataTest(unittest.TestCase):
    """A test with a directory of its own."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def make(self, *arguments, code=0):
        """Runs a command of make.sh in this process; what it says."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            found = cli.main([str(argument) for argument in arguments])
        self.assertEqual(found, code, said.getvalue())
        return said.getvalue()

    def rows(self, layout, *arguments, out="rows.jsonl"):
        """The rows and the report of a source; the programs must accept the rows."""
        file = self.scratch / out
        self.make("rows", "--layout", layout, *arguments, "--out", file)
        self.check_accepted(file)
        return read_rows(file), read_report(file)

    def refused(self, layout, *arguments, code=3):
        """The one line of a command that fails, after which nothing is left."""
        said = self.make("rows", "--layout", layout, *arguments, "--out", self.scratch / "refused.jsonl", code=code)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertFalse(list(self.scratch.glob("*refused*")) + list(self.scratch.glob(".*")))
        return said

    def write(self, name, content):
        path = self.scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def check_accepted(self, file):
        """By the reader of the programs, with no row that rank classification could not use."""
        if not PROGRAMS:
            return
        result = subprocess.run([pathlib.Path(PROGRAMS) / "phatgoose", "inspect", "--json", file], text=True,
                                capture_output=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        found = json.loads(result.stdout)
        self.assertEqual(found["rows"], len(read_rows(file)))
        self.assertEqual(found["with"]["choices_without_target"], 0)


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def read_rows(file):
    with gzip.open(file) if file.suffix == ".gz" else open(file, "rb") as stream:
        return [json.loads(line) for line in stream]


def read_report(file):
    name = file.name.removesuffix(".gz").removesuffix(".jsonl")
    return json.loads(file.with_name(f"{name}.report.json").read_text())


def counts(report):
    return report["records"], report["read"], report["kept"], report["dropped"]


def main():
    unittest.main(verbosity=1, argv=sys.argv)
