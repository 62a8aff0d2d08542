"""A folder of 1,000 runs: how soon it is listed, written as a site, and served. Asked for: 2 s and 300 MB.

The runs are copies of a few real ones with names and dates of their own, sealed as dl seals them.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.measuring import Finished, publish, run_cold, run_dl
from dl.runs.manifest import parse_manifest

RUNS = 1_000
ROUNDS = 3
FITS = (
    ("fit", "tabular", "wine", "epochs=20"),
    ("fit", "tabular", "wine", "epochs=20", "lr=0.01", "--seed", "1"),
    ("fit", "vision", "digits", "epochs=3"),
)
SERVE = """
import sys, time, threading, urllib.request
started = time.perf_counter()
from pathlib import Path
from dl_reports.board.serve import address_of, make_server
server = make_server(Path(sys.argv[1]))
threading.Thread(target=server.serve_forever, daemon=True).start()
for name in ("", "board.js", "data/runs.js"):
    urllib.request.urlopen(address_of(server) + name).read()
print(time.perf_counter() - started)
"""


def copy_run(run: Path, to: Path, created: str) -> None:
    """Copy a run under another name, with a manifest that names it and is sealed."""
    shutil.copytree(run, to)
    manifest = parse_manifest((run / "run.json").read_text(encoding="utf-8"), str(run))
    text = replace(manifest, name=to.name, created=created).to_json(sealed=True)
    (to / "run.json").write_text(text, encoding="utf-8")


def copy_runs(runs: list[Path], root: Path, count: int) -> None:
    """Fill a folder with copies of runs, a minute apart."""
    root.mkdir()
    first = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    for number in range(1, count + 1):
        run = runs[number % len(runs)]
        label = run.name.partition("-")[2]
        copy_run(run, root / f"{number:04d}-{label}", (first + timedelta(minutes=number)).isoformat())


def measure(folder: Path, count: int, rounds: int) -> list[dict[str, object]]:
    """Fit the few, copy them, and time each way to look at the copies."""
    for words in FITS:
        run_dl(*words, "--runs", "few", folder=folder)
    copy_runs(sorted(path for path in (folder / "few").glob("[0-9]*")), folder / "runs", count)
    ways: dict[str, Callable[[], Finished]] = {
        "dl ls runs": lambda: run_dl("ls", "runs", folder=folder),
        "dl ls runs --where --sort": lambda: run_dl(
            "ls", "runs", "--where", "accuracy>0.9", "--sort", "loss", folder=folder
        ),
        "dl board --out, no reports": lambda: run_dl("board", "--out", "site", "--reports", "0", folder=folder),
        "dl board --out, three reports": lambda: run_dl("board", "--out", "site", folder=folder),
        "dl board --out, ten reports": lambda: run_dl("board", "--out", "site", "--reports", "10", folder=folder),
        "the server's first page, with its start": lambda: run_cold(sys.executable, "-c", SERVE, "runs", folder=folder),
    }
    rows: list[dict[str, object]] = []
    for name, way in ways.items():
        ended = [way() for _ in range(rounds)]
        seconds, megabytes = min(one.seconds for one in ended), max(one.megabytes for one in ended)
        rows.append(
            {"way": name, "runs": count, "s": round(seconds, 2), "MB": round(megabytes), "asked": "2 s, 300 MB"}
        )
    return rows


def main() -> None:
    """Print and keep the table."""
    with tempfile.TemporaryDirectory() as name:
        publish("board", "A folder of 1,000 runs", measure(Path(name), RUNS, ROUNDS))
