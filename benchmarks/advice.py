"""Does the advice help? The next command of every finding, run, and both networks compared on the test set.

Each shipped data set with a test set is fitted as it comes, for one epoch, and at ten times the rate, so that findings
of several kinds arise. Every next command that is a fit is then typed as it stands. Rose and fell are certain
differences on the same test examples, paired, at 95 %; the test sets are looked at for this table alone. The first next
command of a report is the one that a reader types, so it is counted apart. What was measured is kept in `runs/advice/`,
a file a start; whoever wants a start measured anew removes its file.
"""

from __future__ import annotations

import json
import shlex
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.measuring import publish, run_dl
from dl.inference.load import reopen
from dl.plugins.loading import load_plugins
from dl.runs.run import open_run
from dl.splits.partition import load_dataset
from dl.training.scoring import score
from dl_reports.statistics.paired import Paired, paired_difference

KEPT = Path(__file__).parents[1] / "runs" / "advice"
STARTS: tuple[tuple[str, ...], ...] = ((), ("epochs=1",), ("lr=0.1",))
ONCE: tuple[tuple[str, ...], ...] = ((),)  # of 60,000 images, minutes each
SETS = {  # the fastest first
    "tabular wine": STARTS,
    "tabular breast-cancer": STARTS,
    "tabular diabetes": STARTS,
    "vision digits": STARTS,
    "text rotten-tomatoes": STARTS,
    "text phrase-language": STARTS,
    "text valence": STARTS,
    "text positive-share": STARTS,
    "vision mnist": STARTS,
    "vision mnist-even": ONCE,
    "vision mnist-slant": ONCE,
    "vision mnist-attributes": ONCE,
    "vision mnist-ink": ONCE,
}
ROSE, STAYED, FELL = "rose", "stayed", "fell"
Row = dict[str, str | int | float]  # set, start, finding, place, command, gain with its ends, how


def main() -> None:
    """Print and keep the table."""
    rows: list[Row] = []
    for words, starts in SETS.items():
        for options in starts:
            rows += advised(words, options)
    publish(
        "advice",
        "The test score after the next command",
        table(rows),
        "asked for: the score falls hardly ever",
        commands=rows,
    )


def table(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Count how the score changed, by finding; at the end the first next command of each report, and all."""
    codes = sorted({str(row["finding"]) for row in rows})
    first = [row for row in rows if row["place"] == 1]
    groups = {code: [row for row in rows if row["finding"] == code] for code in codes}
    return [_counted(name, of) for name, of in {**groups, "the first of a report": first, "all": list(rows)}.items()]


def _counted(name: str, rows: Sequence[Row]) -> dict[str, object]:
    found = Counter(str(row["how"]) for row in rows)
    return {"finding": name, **{how: found[how] for how in (ROSE, STAYED, FELL)}}


def advised(words: str, options: tuple[str, ...]) -> list[Row]:
    """Return what is kept of a start, or fit it and type its next commands."""
    path = KEPT / f"{'-'.join([*words.split(), *options])}.json"
    if not path.exists():
        with tempfile.TemporaryDirectory() as name:
            rows = _typed(words, options, Path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(rows, indent=1) + "\n")
    kept: list[Row] = json.loads(path.read_text())
    for row in kept:
        print(json.dumps(row), flush=True)
    return kept


def _typed(words: str, options: tuple[str, ...], folder: Path) -> list[Row]:
    """Fit, type each next command that is a fit, in the order of the report, and compare the test scores."""
    first = folder / json.loads(run_dl("fit", *words.split(), *options, "--json", folder=folder).stdout)["run"]
    report = json.loads(run_dl("report", str(first), "--json", folder=folder).stdout)
    before, rows, typed = _test_scores(first), list[Row](), dict[str, Row]()
    for finding in report["findings"]:
        command = finding["next"]
        if command.startswith("dl fit "):
            if command not in typed:
                typed[command] = _change(before, command, folder)
            place, what = list(typed).index(command) + 1, command.replace(f"{first}/", "").replace(str(first), "")
            start = {"set": words, "start": " ".join(options), "finding": finding["code"]}
            rows.append({**start, "place": place, "command": what, **typed[command]})
    return rows


def _change(before: tuple[np.ndarray, bool], command: str, folder: Path) -> Row:
    second = json.loads(run_dl(*shlex.split(command)[1:], "--json", folder=folder).stdout)["run"]
    return compared(before, _test_scores(folder / second))


def _test_scores(path: Path) -> tuple[np.ndarray, bool]:
    """Score each test example with a run's best weights; whether more is better."""
    plugins = load_plugins()
    opened = reopen(open_run(path), plugins)
    dataset = load_dataset(opened.recipe, plugins, opened.domain)
    assert dataset.open_test is not None
    examples = dataset.open_test()
    scored = score(opened.task, opened.logits(examples), opened.task.encode(examples.targets))
    return scored.score.astype(np.float64), opened.task.info.score_higher


def compared(before: tuple[np.ndarray, bool], after: tuple[np.ndarray, bool]) -> Row:
    """Return how much better the second is, paired, with the ends of the 95 % interval."""
    gain = paired_difference((after[0] - before[0]) * (1 if before[1] else -1))
    if not isinstance(gain, Paired):
        return {"gain": 0.0, "low": 0.0, "high": 0.0, "before": float(before[0].mean()), "how": STAYED}
    how = STAYED if gain.interval.holds(0.0) else ROSE if gain.mean > 0 else FELL
    ends = {"low": gain.interval.low, "high": gain.interval.high}
    return {"gain": gain.mean, **ends, "before": float(before[0].mean()), "how": how}
