"""check_describe.py PROGRAMS SOURCE: phatgoose describe against a server that does whatever servers do."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import describe_server

PROGRAM = pathlib.Path(sys.argv[1]) / "phatgoose"
SOURCE = pathlib.Path(sys.argv[2])
ENCODER = SOURCE / "tests/golden/encoder/model"
KEY = "sk-0f1e2d3c4b5a"
ENVIRONMENT = {**os.environ, "PHATGOOSE_API_KEY": KEY, "no_proxy": "127.0.0.1", "OMP_NUM_THREADS": "1"}


class Describe(unittest.TestCase):
    def setUp(self):
        self.server = describe_server.Server()
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)
        self.out = self.root / "texts.jsonl"
        self.write_suite(["a", "b", "c", "d"])

    def write_suite(self, tasks):
        lines = ["name: s", "tasks:"]
        for task in tasks:
            lines.append(f"  - {{name: {task}, data: {task}.jsonl, kind: generation}}")
            rows = [{"input": f"question {i} of {task}", "target": "SECRET-ANSWER"} for i in range(5)]
            (self.root / f"{task}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (self.root / "suite.yaml").write_text("\n".join(lines) + "\n")

    def command(self, deed, *more, timeout=1, retries=1):
        return [str(PROGRAM), "describe", "--suite", str(self.root / "suite.yaml"), "--out", str(self.out), "--endpoint",
                self.server.url(deed), "--llm", "m", "--timeout", str(timeout), "--retries", str(retries), *more]

    def run_command(self, command):
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
        for text in [done.stdout, done.stderr, *(path.read_text() for path in self.root.rglob("*.json*") if path.is_file())]:
            self.assertNotIn(KEY, text)
        return done

    def describe(self, deed, *more):
        return self.run_command(self.command(deed, *more))

    def lines(self):
        return [json.loads(line) for line in self.out.read_text().splitlines()]

    def check_refused(self, deed, code, *says):
        done = self.run_command(self.command(deed, retries=0))
        with self.subTest(deed=deed, stderr=done.stderr):
            self.assertEqual(done.returncode, code)
            self.assertEqual(done.stdout, "")
            last = done.stderr.splitlines()[-1]
            self.assertTrue(last.startswith("phatgoose describe: error: "))
            for text in says:
                self.assertIn(text, last)
            self.assertFalse(self.out.exists())
            self.assertFalse(pathlib.Path(f"{self.out}.partial").exists())

    def test_a_text_for_each_task(self):
        done = self.describe("good")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"{self.out}\n")
        self.assertIn("PHATGOOSE_API_KEY", done.stderr)
        self.assertEqual([line["task"] for line in self.lines()], ["a", "b", "c", "d"])
        for line in self.lines():
            self.assertEqual((line["text"], line["source"], line["model"]), (describe_server.TEXT, "model", "m"))
            self.assertEqual(len(line["examples"]), 3)
        request = self.server.requests[0]
        self.assertEqual(request["path"], "/good/v1/chat/completions")
        self.assertEqual(request["headers"]["Authorization"], f"Bearer {KEY}")
        self.assertEqual((request["body"]["model"], request["body"]["temperature"]), ("m", 0))
        prompt = request["body"]["messages"][0]["content"]
        self.assertEqual(prompt, self.lines()[0]["prompt"])
        self.assertEqual(prompt.count("question "), 3)
        self.assertNotIn("SECRET-ANSWER", prompt)

        again = self.describe("good")
        self.assertEqual((again.returncode, len(self.server.requests)), (0, 4))
        self.assertIn("is finished", again.stderr)
        self.write_suite(["a", "b", "c", "d", "e"])  # another task: one more request
        self.assertEqual(self.describe("good").returncode, 0)
        self.assertEqual((len(self.server.requests), len(self.lines())), (5, 5))
        self.assertEqual(self.describe("good", "--temperature", "0.5").returncode, 0)  # other settings: all anew
        self.assertEqual((len(self.server.requests), len(self.lines())), (10, 5))

    def test_without_a_key(self):
        environment = {name: value for name, value in ENVIRONMENT.items() if name != "PHATGOOSE_API_KEY"}
        done = subprocess.run(self.command("good"), capture_output=True, text=True, env=environment, timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertIn("PHATGOOSE_API_KEY is not set", done.stderr)
        self.assertNotIn("Authorization", self.server.requests[0]["headers"])

    def test_a_text_for_each_row(self):
        (self.root / "b.jsonl").write_text((self.root / "a.jsonl").read_text())  # the same inputs are asked once
        done = self.describe("late", "--per", "query", "--parallel", "4")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((len(self.lines()), len(self.server.requests)), (20, 15))
        self.assertGreater(self.server.most_at_once, 1)
        self.assertLessEqual(self.server.most_at_once, 4)
        self.assertEqual([line["row"] for line in self.lines()[:5]], [0, 1, 2, 3, 4])
        self.assertEqual(self.describe("good").returncode, 0)  # texts of tasks join those of rows
        self.assertEqual(len(self.lines()), 24)

    def test_failures_are_tried_again(self):
        for deed in ["broken", "down", "limit", "close", "middle", "slow"]:
            self.out.unlink(missing_ok=True)
            self.server.deeds = [deed, "good"]
            done = self.describe("plan", "--tasks", "a")
            with self.subTest(deed=deed, stderr=done.stderr):
                self.assertEqual(done.returncode, 0)
                self.assertIn("again in 1 s (1 of 1)", done.stderr)
                self.assertEqual(len(self.lines()), 1)

    def test_what_does_not_pass_is_refused(self):
        self.check_refused("broken", 1, "HTTP 500", "out of order", "1 try")
        self.check_refused("down", 1, "HTTP 503: nothing", "1 try")
        self.check_refused("limit", 1, "HTTP 429", "too many requests", "1 try")
        self.check_refused("close", 1, "1 try")
        self.check_refused("middle", 1, "1 try")
        self.check_refused("slow", 1, "timed out", "1 try")
        before = len(self.server.requests)
        self.check_refused("long-limit", 1, "HTTP 429", "asks to wait for 86400 s")
        self.check_refused("unknown", 1, "HTTP 404", "no such model", "--llm")
        self.check_refused("echo", 1, "HTTP 401", "wrong key: Bearer (key)", "PHATGOOSE_API_KEY")
        self.check_refused("moved", 1, "HTTP 302", "redirections are not followed")
        self.check_refused("huge", 1, "more than 1 MiB")
        self.assertEqual(len(self.server.requests) - before, 5)
        port = self.server.url("x").split(":")[2].split("/")[0]
        done = self.run_command([word.replace(f":{port}/", ":1/") for word in self.command("good", retries=2)])
        self.assertEqual(done.returncode, 1)
        self.assertIn("3 tries", done.stderr)

    def test_what_is_no_description_is_refused(self):
        self.check_refused("nonsense", 3, "task a", "\"lorem ipsum\"", "expected JSON")
        self.check_refused("page", 3, "a web page", "expected JSON")
        self.check_refused("nothing", 3, "nothing", "expected JSON")
        self.check_refused("half", 3, "expected JSON")
        self.check_refused("latin", 3, "expected JSON")
        self.check_refused("other", 3, "JSON without choices")
        self.check_refused("no-choice", 3, "JSON without choices")
        self.check_refused("number", 3, "JSON without choices")
        self.check_refused("error", 3, "the model is loading")
        self.check_refused("null", 3, "a choice without text")
        self.check_refused("cut", 3, "was cut", "--max-tokens")
        self.check_refused("empty", 3, "task a", "the answer of m", "an empty text")
        self.check_refused("page-as-text", 3, "a web page")
        self.check_refused("long", 3, "4,999 characters", "at most 1,000")
        self.check_refused("paragraphs", 3, "several paragraphs")
        self.check_refused("control", 3, "the control character \\x1b at character 5")

    def test_another_language_is_kept_as_it_is(self):
        self.assertEqual(self.describe("foreign", "--tasks", "a").returncode, 0)
        self.assertEqual(self.lines()[0]["text"], "文から正しい言葉を見つける。")

    def test_a_run_that_failed_asks_only_for_what_is_missing(self):
        self.server.deeds = ["good", "good", "unknown"]
        done = self.describe("plan")
        self.assertEqual(done.returncode, 1)
        self.assertFalse(self.out.exists())
        answers = pathlib.Path(f"{self.out}.partial/answers.jsonl")
        self.assertEqual(len(answers.read_text().splitlines()), 2)
        with answers.open("a") as file:
            file.write('{"key": "cut off')  # by a process that was killed
        self.server.requests.clear()
        self.assertEqual(self.describe("good").returncode, 0)
        self.assertEqual((len(self.server.requests), len(self.lines())), (2, 4))
        self.assertFalse(answers.parent.exists())

    def test_a_signal_stops_it(self):
        process = subprocess.Popen(self.command("slow", timeout=30), stderr=subprocess.PIPE, text=True,
                                   env=ENVIRONMENT)
        while not self.server.requests and process.poll() is None:
            time.sleep(0.05)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 75, errors)
        self.assertLess(time.monotonic() - began, 2.5)
        self.assertIn("run the same command again", errors)

    def test_the_pace_is_kept(self):
        self.assertEqual(self.describe("good", "--requests-per-minute", "120", "--parallel", "4").returncode, 0)
        times = self.server.times
        self.assertEqual(len(times), 4)
        for earlier, later in zip(times, times[1:]):
            self.assertGreater(later - earlier, 0.4)

    def test_an_expert_that_joins_costs_one_text(self):
        library = self.root / "library"
        arguments = ["--library", str(library), "--data", str(SOURCE / "assets/tasks/{name}/train.jsonl"), "--encoder",
                     str(ENCODER), "--endpoint", self.server.url("good"), "--llm", "m"]
        written = {}
        for count, name in enumerate(["food", "past"], 1):
            shutil.copytree(SOURCE / f"assets/experts/{name}", library / name)
            done = self.run_command([str(PROGRAM), "describe", *arguments])
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(self.server.requests), count)
            for path, before in written.items():
                self.assertEqual(path.stat().st_mtime_ns, before)
            written = {path: path.stat().st_mtime_ns for path in library.glob("*/description.*")}
            self.assertEqual(len(written), 2 * count)
        description = json.loads((library / "past/description.json").read_text())
        self.assertEqual((description["text"], description["model"]), (describe_server.TEXT, "m"))
        self.assertEqual(self.server.requests[1]["body"]["messages"][0]["content"], description["prompt"])
        self.assertEqual(description["prompt"].count("Output "), 3)
        self.assertEqual(description["settings"]["temperature"], 0)
        done = self.run_command([str(PROGRAM), "describe", *arguments, "--without-examples"])
        self.assertEqual(done.returncode, 0, done.stderr)
        description = json.loads((library / "past/description.json").read_text())
        self.assertFalse({"prompt", "examples"} & set(description))

    @unittest.skipUnless(shutil.which("openssl"), "no openssl to make a certificate with")
    def test_certificates_are_checked(self):
        certificate = self.root / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate, "-out", self.root / "public.pem"],
                       check=True, capture_output=True)
        with certificate.open("a") as file:
            file.write((self.root / "public.pem").read_text())
        self.server = describe_server.Server(certificate)
        self.check_refused("good", 1, "certificate")
        self.assertEqual(self.server.requests, [])
        environment = {**ENVIRONMENT, "SSL_CERT_FILE": str(self.root / "public.pem")}
        done = subprocess.run(self.command("good"), capture_output=True, text=True, env=environment, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.server.requests), 4)

    def test_the_key_is_no_setting(self):
        done = self.describe("good", "--dump-config")
        self.assertEqual(done.returncode, 0)
        self.assertIn("endpoint:", done.stdout)
        environment = {**ENVIRONMENT, "PHATGOOSE_API_KEY": "two\nlines"}
        done = subprocess.run(self.command("good"), capture_output=True, text=True, env=environment, timeout=60)
        self.assertEqual(done.returncode, 2)
        self.assertNotIn("two", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
