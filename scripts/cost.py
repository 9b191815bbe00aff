#!/usr/bin/env python3
"""Runs a command, and appends what it took to a file, as one line of JSON.

    scripts/cost.py FILE STEP COMMAND [ARGUMENT...]

The line is {"step", "seconds" (wall), "cpu_seconds", "peak_mib" (resident memory of the largest process), "processor"}.
It is written when the command succeeds; the exit status is the command's. Python's standard library only.
"""

import json
import pathlib
import re
import resource
import subprocess
import sys
import time


def processor():
    """What the system calls it, without its marks; "unknown" where it does not say."""
    told = pathlib.Path("/proc/cpuinfo")
    model = re.search(r"^model name\s*: (.*)$", told.read_text() if told.exists() else "", re.MULTILINE)
    return re.sub(r"\((R|TM)\)", "", model[1]).strip() if model else "unknown"


def main():
    if len(sys.argv) < 4:
        sys.exit("usage: cost.py FILE STEP COMMAND [ARGUMENT...]")
    file, step, *command = sys.argv[1:]
    start = time.monotonic()
    status = subprocess.run(command, check=False).returncode
    if status == 0:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        line = {"step": step, "seconds": round(time.monotonic() - start, 1),
                "cpu_seconds": round(used.ru_utime + used.ru_stime, 1), "peak_mib": round(used.ru_maxrss / 1024),
                "processor": processor()}
        with open(file, "a") as out:
            out.write(json.dumps(line) + "\n")
    sys.exit(status if status >= 0 else 128 - status)


if __name__ == "__main__":
    main()
