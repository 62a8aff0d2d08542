"""Does the advice help? The first next command of every finding, run, and both networks compared on the test set.

Each shipped data set with a test set is fitted as it comes, for one epoch, and at ten times the rate, so that findings
of several kinds arise. Every next command that is a fit is then typed as it stands. Rose and fell are certain
differences on the same test examples, paired, at 95 %; the test sets are looked at for this table alone.
"""

from __future__ import annotations

import json
import shlex
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.measuring import publish, run_dl
from dl.inference.load import reopen
from dl.plugins.loading import load_plugins
from dl.runs.run import open_run
from dl.splits.partition import load_dataset
from dl.training.scoring import score
from dl_reports.statistics.paired import Paired, paired_difference

SETS = (
    "tabular wine",
    "tabular breast-cancer",
    "tabular diabetes",
    "vision digits",
    "vision mnist",
    "vision mnist-even",
    "vision mnist-attributes",
    "vision mnist-slant",
    "vision mnist-ink",
    "text rotten-tomatoes",
    "text phrase-language",
    "text valence",
    "text positive-share",
)
STARTS: tuple[tuple[str, ...], ...] = ((), ("epochs=1",), ("lr=0.1",))


def main() -> None:
    """Print and keep the table."""
    outcomes: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for words in SETS:
            for options in STARTS:
                outcomes.update(_advised(words.split(), options, folder))
    codes = sorted({code for code, _ in outcomes})
    rows = [{"finding": code, **{how: outcomes[code, how] for how in ("rose", "stayed", "fell")}} for code in codes]
    publish("advice", "The test score after the first next command", rows, "asked for: the score falls hardly ever")


def _advised(words: list[str], options: tuple[str, ...], folder: Path) -> list[tuple[str, str]]:
    """Fit, type each next command that is a fit, and say how the test score changed, by finding."""
    first = Path(json.loads(run_dl("fit", *words, *options, "--json", folder=folder).stdout)["run"])
    report = json.loads(run_dl("report", str(folder / first), "--json", folder=folder).stdout)
    before, found = _test_scores(folder / first), []
    for finding in report["findings"]:
        command = shlex.split(finding["next"])
        if command[:2] == ["dl", "fit"]:
            second = Path(json.loads(run_dl(*command[1:], "--json", folder=folder).stdout)["run"])
            found.append((finding["code"], _compared(before, _test_scores(folder / second))))
    return found


def _test_scores(path: Path) -> tuple[np.ndarray, bool]:
    """Score each test example with a run's best weights; whether more is better."""
    plugins = load_plugins()
    opened = reopen(open_run(path), plugins)
    dataset = load_dataset(opened.recipe, plugins, opened.domain)
    assert dataset.open_test is not None
    examples = dataset.open_test()
    scored = score(opened.task, opened.logits(examples), opened.task.encode(examples.targets))
    return scored.score.astype(np.float64), opened.task.info.score_higher


def _compared(before: tuple[np.ndarray, bool], after: tuple[np.ndarray, bool]) -> str:
    gain = paired_difference((after[0] - before[0]) * (1 if before[1] else -1))
    if not isinstance(gain, Paired) or gain.interval.holds(0.0):
        return "stayed"
    return "rose" if gain.mean > 0 else "fell"
