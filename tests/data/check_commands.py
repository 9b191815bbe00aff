"""scripts/data/make.sh as a user meets it: help, exit codes, signals, nothing half-written."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time

import support
from support import DOWNLOADS, lines, read_rows

MAKE = support.ROOT / "scripts" / "data" / "make.sh"
ENVIRONMENT = {**os.environ, "PHATGOOSE_DATA_PYTHON": sys.executable}


def waiting_bytes(pipe):
    """How much of what was written to a pipe nobody has read yet."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def run(*arguments, **options):
    return subprocess.run([MAKE, *map(str, arguments)], text=True, capture_output=True, env=ENVIRONMENT, **options)


class Commands(support.DataTest):
    def test_help(self):
        for arguments, words in (((), "make.sh SUITE"), (("bbh",), "--skip-existing"), (("rows",), "--layout"),
                                 (("rows", "--layout", "p3"), "--configs")):
            result = run(*arguments, "--help")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn(words, result.stdout)

    def test_from_any_directory_with_relative_paths(self):
        self.write("in.jsonl", lines({"input": "x", "target": "y"}))
        result = run("rows", "--layout", "rows", "in.jsonl", "--out", "a/b/out.jsonl.gz", cwd=self.scratch)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(read_rows(self.scratch / "a" / "b" / "out.jsonl.gz"),
                         [{"input": "x", "target": "y", "id": "out/0"}])

    def test_exit_codes(self):
        good, bad = self.write("good.jsonl", lines({"input": "x", "target": "y"})), self.write("bad.jsonl", "{\n")
        for code, arguments in ((2, ()), (2, ("--from", "x")), (2, ("rows",)), (2, ("rows", "--layout", "none")),
                                (2, ("rows", "--layout", "p3", DOWNLOADS, "--out", "x")),
                                (2, ("rows", "--layout", "rows", good, "--out", "x", "--configs", "a")),
                                (2, ("nothing", "--from", DOWNLOADS, "--data-dir", "x")),
                                (3, ("rows", "--layout", "rows", bad, "--out", self.scratch / "x")),
                                (1, ("rows", "--layout", "rows", good, "--out", good / "x"))):
            result = run(*arguments)
            self.assertEqual(result.returncode, code, (arguments, result.stderr))
            self.assertEqual(result.stdout, "")
            self.assertNotIn("Traceback", result.stderr)

    def test_a_stopped_command_leaves_nothing(self):
        source = self.scratch / "pipe.jsonl"
        os.mkfifo(source)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen([MAKE, "rows", "--layout", "rows", source, "--out", self.scratch / "out.jsonl"],
                                       stderr=subprocess.PIPE, text=True,
                                       env={**ENVIRONMENT, "TMPDIR": str(self.scratch)})
            with open(os.open(source, os.O_RDWR), "wb", buffering=0) as stream:  # does not wait for a reader
                stream.write(lines({"input": "x", "target": "y"}).encode())
                while process.poll() is None and waiting_bytes(stream):
                    time.sleep(0.01)
                process.send_signal(number)
                _, said = process.communicate(timeout=60)
            self.assertEqual((process.returncode, said.count("\n")), (1, 1), said)
            self.assertEqual([path.name for path in self.scratch.iterdir()], ["pipe.jsonl"])

    def test_a_full_disk(self):
        source = self.write("in.jsonl", lines({"input": "x", "target": "y"}))
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        result = run("rows", "--layout", "rows", source, "--out", "/dev/full/out.jsonl")
        self.assertEqual((result.returncode, result.stderr.count("\n")), (1, 1), result.stderr)


if __name__ == "__main__":
    support.main()
