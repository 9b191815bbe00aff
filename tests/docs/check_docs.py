#!/usr/bin/env python3
"""Holds the documentation to the programs and files that it speaks of.

    check_docs.py REPOSITORY PROGRAMS [PAGE...]     PROGRAMS: the directory with the built phatgoose

Checked in the given pages, by default README.md, CONTRIBUTING.md, CHANGELOG.md, assets/README.md and docs/*.md:
  - relative links lead to files, and #fragments to headings;
  - scripts that code blocks call exist, and are executable;
  - `phatgoose ...` lines of code blocks consist of options that exist, with values that parse (--dump-config);
  - in blocks marked `console`, what follows a line `$ phatgoose ...` is exactly what the program prints.
"""

import pathlib
import re
import shlex
import subprocess
import sys

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def anchor(heading):
    """The fragment that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")


def commands(block):
    """The commands of a shell block: continuation lines joined, comments and prompts dropped."""
    for line in re.sub(r"\\\n\s*", " ", block).splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        # Separate pipelines and lists, and drop redirections: only the programs and their own arguments are checked.
        command = []
        for word in [*words, ";"]:
            if word in ("|", "&&", ";", "&", "do", "done", "then"):
                if command:
                    yield command
                command = []
            elif re.fullmatch(r"\d?[<>].*", word):
                break
            else:
                command.append(word)
        if command:
            yield command


class Checker:
    def __init__(self, repository, programs):
        self.repository, self.programs, self.faults, self.checked = repository, programs, [], 0

    def fault(self, page, text):
        self.faults.append(f"{page.relative_to(self.repository)}: {text}")

    def check_links(self, page, text):
        for target in LINK.findall(FENCE.sub("", text)):
            if re.match(r"\w+:", target):
                continue
            path, _, fragment = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            if not file.exists():
                self.fault(page, f"link to {target}: no such file")
            elif fragment and file.suffix == ".md":
                headings = re.findall(r"^#+ (.*)$", FENCE.sub("", file.read_text()), re.MULTILINE)
                if fragment not in map(anchor, headings):
                    self.fault(page, f"link to {target}: no such heading")
            self.checked += 1

    def run(self, arguments):
        return subprocess.run([self.programs / "phatgoose", *arguments], cwd=self.repository, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True)

    def check_command(self, page, command):
        name = pathlib.PurePath(command[0]).name
        if command[0].startswith("scripts/"):
            script = self.repository / command[0]
            if not (script.is_file() and script.stat().st_mode & 0o100):
                self.fault(page, f"{command[0]} is no executable script")
        elif name == "phatgoose" and len(command) > 1:
            ask = [] if command[1].startswith("-") or "--help" in command else ["--dump-config"]
            result = self.run([*command[1:], *ask])
            if result.returncode != 0:
                self.fault(page, f"{shlex.join(command)}\n    {result.stderr.strip()}")
        else:
            return
        self.checked += 1

    def check_console(self, page, block):
        for shown in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, expected = shown.partition("\n")
            command = shlex.split(line)
            if command[0] != "phatgoose":
                self.fault(page, f"console block runs {command[0]}; only phatgoose is compared")
                continue
            printed = self.run(command[1:]).stdout
            if printed.rstrip() != expected.rstrip():
                self.fault(page, f"$ {line}\n--- shown\n{expected.rstrip()}\n--- printed\n{printed.rstrip()}")
            self.checked += 1

    def check_page(self, page):
        text = page.read_text()
        self.check_links(page, text)
        for language, block in FENCE.findall(text):
            if language in ("bash", "sh"):
                for command in commands(block):
                    self.check_command(page, command)
            elif language == "console":
                self.check_console(page, block)


def main():
    repository, programs, *pages = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    pages = pages or [*(repository / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md",
                                                       "assets/README.md")),
                      *sorted((repository / "docs").rglob("*.md"))]
    checker = Checker(repository, programs)
    for page in pages:
        checker.check_page(page)
    print(*checker.faults, f"{checker.checked} links, commands and outputs of {len(pages)} pages checked, "
          f"{len(checker.faults)} faults", sep="\n")
    sys.exit(bool(checker.faults) or checker.checked == 0)


if __name__ == "__main__":
    main()
