"""docs/data.md says what the commands do: its commands run on the made-up downloads, and its tables are complete."""

import os
import re
import shlex
import subprocess
import sys

import support
from phatgoose_data.layouts import MODULES, layout
from phatgoose_data.row import MENDS, REASONS
from support import DOWNLOADS, read_report, read_rows

PAGE = (support.ROOT / "docs" / "data.md").read_text()


def section(title):
    return re.split(r"^## ", PAGE.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def first_cells(text):
    """The names in the first column of the tables of a text."""
    cells = re.findall(r"^\| ([^|]*) \|", text, re.MULTILINE)
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


class Page(support.DataTest):
    def test_every_command_runs(self):
        """Each but for the venv of make.sh, in a directory that has `downloads` and `scripts`."""
        (self.scratch / "downloads").symlink_to(DOWNLOADS)
        (self.scratch / "scripts").symlink_to(support.ROOT / "scripts")
        environment = {**os.environ, "PHATGOOSE_DATA_PYTHON": sys.executable}
        blocks = "\n".join(re.findall(r"^```bash\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)).replace("\\\n", "")
        commands = [shlex.split(line) for line in blocks.splitlines() if line.startswith("scripts/data/make.sh")]
        self.assertEqual(len(commands), 14)
        for command in commands:
            result = subprocess.run(command, cwd=self.scratch, env=environment, text=True, capture_output=True)
            self.assertEqual(result.returncode, 0, f"{shlex.join(command)}\n{result.stderr}")
        made = [path for path in self.scratch.rglob("*.jsonl*") if "downloads" not in path.parts]
        self.assertGreater(len(made), 20)
        for file in made:
            self.check_accepted(file)

    def test_layouts_and_their_options(self):
        rows = re.findall(r"^\| `([\w-]+)` \| .* \| (.*)\|$", section("Data of your own"), re.MULTILINE)
        self.assertEqual([name for name, _ in rows], list(MODULES))
        for name, options in rows:
            self.assertEqual(re.findall(r"`--([\w-]+)`", options),
                             [option.name.replace("_", "-") for option in layout(name).options], name)
            self.assertIn(f"- **{name}**: ", section("Data of your own"))

    def test_every_reason_and_mend_is_named_once(self):
        found = [name for name in first_cells(section("Which rows are kept")) if not name.startswith("--")]
        self.assertEqual(found, [*MENDS, *REASONS])

    def test_every_key_of_a_report_is_named(self):
        file = self.scratch / "rows.jsonl"
        keys = set()
        for arguments in (("rows", DOWNLOADS / "rendered" / "awkward.jsonl"),
                          ("p3", DOWNLOADS / "P3", "--configs", "super_glue_rte_*", "--split", "validation"),
                          ("promptsource", DOWNLOADS / "raw" / "super_glue" / "copa", "--templates",
                           DOWNLOADS / "promptsource" / "promptsource/templates/super_glue/copa/templates.yaml")):
            self.make("rows", "--layout", *arguments, "--out", file)
            keys |= read_report(file).keys()
            self.assertTrue(read_rows(file))
        self.assertEqual(set(first_cells(section("The report"))), keys | {"tokens"})


if __name__ == "__main__":
    support.main()
