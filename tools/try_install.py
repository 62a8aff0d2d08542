"""Install the wheels in dist/ where there is nothing else, and fit MNIST; print how long each step takes.

python -m tools.try_install                     what they need comes from requirements.lock, with hashes verified
python -m tools.try_install --python PYTHON     with another interpreter; what they need comes by name

The members come from dist/ alone, never from the index. All steps but the first download take at most three minutes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from dl.version import PROJECT, VERSION
from tools.lock import LOCK, third_party
from tools.members import ROOT

DIST = ROOT / "dist"
FIT = ("fit", "vision", "mnist", "epochs=1")
LIMIT = 180  # seconds
BROUGHT = "what it needs"  # the step whose time is that of the network


def main(arguments: Sequence[str] | None = None) -> int:
    """Take all steps and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.try_install")
    parser.add_argument("--python", default=sys.executable, help="interpreter of the environment")
    asked = parser.parse_args(arguments)
    if not list(DIST.glob("*.whl")):
        print("dist/ holds no wheels; build them: make dist")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        seconds = take(steps(asked.python, Path(folder), locked=asked.python == sys.executable), Path(folder))
    total = sum(time for name, time in seconds.items() if name != BROUGHT)
    print(f"{total:6.1f} s  all but {BROUGHT}")
    if total > LIMIT:
        print(f"more than {LIMIT} s: on a machine that does nothing else it takes less, or something has become slow")
    return 0


def steps(python: str, folder: Path, *, locked: bool) -> dict[str, list[str]]:
    """Return the command of each step, by its name."""
    programs = folder / "env" / "bin"
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--no-compile"]  # most is never imported
    needs = ["--require-hashes", "--requirement", str(LOCK)]
    by_name = ["--constraint", str(ROOT / "constraints.txt"), *third_party()]
    return {
        "environment": [python, "-m", "venv", str(folder / "env")],
        BROUGHT: [*pip, *(needs if locked else by_name)],
        "wheels": [*pip, "--no-index", "--find-links", str(DIST), f"{PROJECT}=={VERSION}"],
        "pip check": [str(programs / "python"), "-m", "pip", "check"],
        "dl doctor": [str(programs / "dl"), "doctor"],
        f"dl {' '.join(FIT)}": [str(programs / "dl"), *FIT],
    }


def take(commands: dict[str, list[str]], folder: Path) -> dict[str, float]:
    """Run the steps, away from the checkout, print the time of each, and return them.

    Raises:
        SystemExit: With the output of a step that fails.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DL_"))}
    seconds = {}
    for name, command in commands.items():
        started, used = time.monotonic(), _used()
        done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False)
        seconds[name] = time.monotonic() - started
        print(f"{seconds[name]:6.1f} s  {name}  ({_used() - used:.1f} s of a processor)", flush=True)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
    return seconds


def _used() -> float:
    """Return the processor's time of all commands so far."""
    times = os.times()
    return times.children_user + times.children_system


if __name__ == "__main__":
    sys.exit(main())
