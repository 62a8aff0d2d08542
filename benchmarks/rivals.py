"""What the cheap learners beside every fit cost: at most half of the fit's own time. Each fit is a process of its own.

    python -m benchmarks rivals

In turn: the fit alone; the fit with rivals that are not known yet; the fit of the same split again, which knows them.
The data has been read before, so that the caches of images and tokens are warm in all three.
"""

import os
import shutil
import statistics
import tempfile
from pathlib import Path

from sklearn.datasets import load_breast_cancer

from benchmarks.measuring import in_turn, publish, run_dl

ROUNDS = 3
ROWS = 500
FITS = {
    "mnist": ("vision", "mnist", "--recipe", "fast"),
    "imdb": ("text", "imdb", "--recipe", "fast"),
    f"a table of {ROWS} rows": ("tabular", "rows.csv", "target=target"),
}
ALONE, FIRST, AGAIN = "alone", "with rivals", "again"


def main() -> None:
    """Print and keep the table."""
    with tempfile.TemporaryDirectory() as name:
        folder, before = Path(name), os.environ.get("DL_CACHE")
        os.environ["DL_CACHE"] = str(folder / "cache")
        frame = load_breast_cancer(as_frame=True).frame.sample(ROWS, random_state=0)
        frame.to_csv(folder / "rows.csv", index=False)
        publish("rivals", "Cheap learners beside a fit", [_row(what, given, folder) for what, given in FITS.items()])
        if before is None:
            del os.environ["DL_CACHE"]
        else:
            os.environ["DL_CACHE"] = before


def _row(what: str, given: tuple[str, ...], folder: Path) -> dict[str, object]:
    """Return a row of the table: seconds of each kind of fit, and the ratio of the rivals to the fit alone."""

    def fit(flag: str, *, forget: bool = False) -> float:
        if forget:
            shutil.rmtree(folder / "cache" / "rivals", ignore_errors=True)
        return run_dl("fit", *given, flag, folder=folder).seconds

    kept = in_turn(
        {
            ALONE: lambda: fit("--no-rivals"),
            FIRST: lambda: fit("--rivals", forget=True),
            AGAIN: lambda: fit("--rivals"),
        },
        ROUNDS,
    )
    medians = {name: statistics.median(seconds) for name, seconds in kept.items()}
    parts = [
        statistics.median(with_rivals / alone - 1 for with_rivals, alone in zip(kept[name], kept[ALONE], strict=True))
        for name in (FIRST, AGAIN)
    ]
    times = {f"{name}, s": round(seconds, 2) for name, seconds in medians.items()}
    shares = {"rivals/fit": round(parts[0], 3), "rivals/fit, known": round(parts[1], 3), "asked for": 0.5}
    return {"fit": what, **times, **shares}
