"""Does the advice help? The next command of every finding, run, and both networks compared on untouched examples.

Each shipped data set with a test set is fitted as it comes, for one epoch, and at ten times the rate, so that findings
of several kinds arise; and so are the real sets of `benchmarks.answer_draws`, from few rows of a file or a folder, as a
stranger has them. Every next command that is a fit is then typed as it stands. Rose and fell are certain differences on
the same test examples, paired, at 95 %; the test sets are looked at for this table alone. The first next command of a
report is the one that a reader types, so it is counted apart. What was measured is kept in `runs/advice/`, a file a
start; whoever wants a start measured anew removes its file.
"""

from __future__ import annotations

import json
import shlex
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import chdir
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from benchmarks.answer_draws import REAL, Draw, real
from benchmarks.answer_fits import untouched
from benchmarks.measuring import publish
from dl.data.examples import Examples
from dl.inference.load import reopen
from dl.inference.loaded import LoadedRun
from dl.intervals import Interval, Score, mean_average_precision, poisson_weights
from dl.plugins.loading import load_plugins
from dl.runs.estimates import macro_f1
from dl.runs.run import open_run
from dl.splits.partition import load_dataset
from dl.testing import run_verb
from dl.training.scoring import score
from dl_reports.statistics.paired import Paired, paired_difference

KEPT = Path(__file__).parents[1] / "runs" / "advice"
STARTS: tuple[tuple[str, ...], ...] = ((), ("epochs=1",), ("lr=0.1",))
OF_MANY = (STARTS[0], STARTS[2])  # of 60,000 images, minutes each
SETS = {  # the fastest first
    "tabular wine": STARTS,
    "tabular breast-cancer": STARTS,
    "tabular diabetes": STARTS,
    "vision digits": STARTS,
    "text rotten-tomatoes": STARTS,
    "text phrase-language": STARTS,
    "text valence": STARTS,
    "text positive-share": STARTS,
    "vision mnist": OF_MANY,
    "vision mnist-even": STARTS[:1],
}
SEED = 77  # of the rows of a stranger's file
SEED = 77  # of the rows of a stranger's file
TRIFLE, DRAWS = 0.01, 500  # of all that can be scored, or of an error: a smaller fall means nothing
ROSE, STAYED, TRIFLING, FELL = "rose", "stayed", "fell by less than 1 %", "fell"
Row = dict[str, str | int | float]  # set, start, finding, place, command, gain with its ends, how


Judges = Callable[[LoadedRun], Examples]


def main() -> None:
    """Print and keep the table."""
    rows: list[Row] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in REAL:
            for options in STARTS:
                rows += advised(name, options)
        for words, starts in SETS.items():
            for options in starts:
                rows += advised(words, options)
    asked = "asked for: the score falls hardly ever"
    publish("advice", "The score on untouched examples after the next command", table(rows), asked, commands=rows)


def table(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Count how the score changed, by finding; at the end the first next command of each report, and all."""
    codes = sorted({str(row["finding"]) for row in rows})
    first = list({(row["set"], row["start"]): row for row in rows if row["place"] == 1}.values())
    groups = {code: [row for row in rows if row["finding"] == code] for code in codes}
    return [_counted(name, of) for name, of in {**groups, "the first of a report": first, "all": list(rows)}.items()]


def _counted(name: str, rows: Sequence[Row]) -> dict[str, object]:
    found = Counter(str(row["how"]) for row in rows)
    return {"finding": name, **{how: found[how] for how in (ROSE, STAYED, TRIFLING, FELL)}}


def advised(words: str, options: tuple[str, ...]) -> list[Row]:
    """Return what is kept of a start, or fit it and type its next commands."""
    path = KEPT / f"{'-'.join([*words.split(), *options])}.json"
    if not path.exists():
        with tempfile.TemporaryDirectory() as name, chdir(name):
            rows = _of_stranger(words, options) if words in REAL else _typed(words, words.split(), options, _test_set)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(rows, indent=1) + "\n")
    kept: list[Row] = json.loads(path.read_text())
    for row in kept:
        print(json.dumps(row), flush=True)
    return kept


def _of_stranger(name: str, options: tuple[str, ...]) -> list[Row]:
    draw = real(name, SEED)
    return _typed(name, [draw.domain, *write(draw)], options, partial(untouched, draw=draw))


def write(draw: Draw) -> list[str]:
    """Write the examples to learn from as a file or a folder, and return how they are typed."""
    inputs, targets = draw.given
    if draw.domain == "vision":
        for k, (image, target) in enumerate(zip(inputs, targets, strict=True)):
            path = Path("images", str(target), f"{k}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image.squeeze()).save(path)
        return ["images"]
    frame = inputs if draw.domain == "tabular" else pd.DataFrame({"words": inputs})
    frame.assign(answer=targets).to_csv("rows.csv", index=False)
    return ["rows.csv", "--target", "answer"]


def _typed(name: str, words: list[str], options: tuple[str, ...], judges: Judges) -> list[Row]:
    """Fit, type each next command that is a fit, in the order of the report, and compare the scores."""
    first = Path(_fit([*words, *options]))
    report = run_verb("report", str(first), "--json").json
    before, rows, typed = _scores(first, judges), list[Row](), dict[str, Row]()
    for finding in report["findings"]:
        command = finding["next"]
        if command.startswith("dl fit "):
            if command not in typed:
                after = _scores(Path(_fit(shlex.split(command)[2:])), judges)
                typed[command] = compared(before, after)
            place, what = list(typed).index(command) + 1, command.replace(f"{first}/", "").replace(f"{Path.cwd()}/", "")
            start = {"set": name, "start": " ".join(options), "finding": finding["code"]}
            rows.append({**start, "place": place, "command": what, **typed[command]})
    return rows


def _fit(words: Sequence[str]) -> str:
    done = run_verb("fit", *words, "--json")
    if done.code:
        raise RuntimeError(f"dl fit {' '.join(words)} ended with {done.code}: {done.err}")
    return str(done.json["run"])


def _test_set(opened: LoadedRun) -> Examples:
    dataset = load_dataset(opened.recipe, load_plugins(), opened.domain)
    assert dataset.open_test is not None
    return dataset.open_test()


@dataclass(frozen=True)
class Scores:
    """What a run scores on untouched examples.

    Attributes:
        each: (n,) the score of each example.
        headline: The headline from weights (n, B) of the examples, where it is not the mean of their scores.
        higher: Whether more is better.
    """

    each: NDArray[np.float64]
    headline: Score | None
    higher: bool


def _scores(path: Path, judges: Judges) -> Scores:
    """Score each untouched example with a run's best weights."""
    opened = reopen(open_run(path), load_plugins())
    examples, info = judges(opened), opened.task.info
    logits = opened.logits(examples)
    scored = score(opened.task, logits, opened.task.encode(examples.targets))
    headline: Score | None = None
    if info.headline.kind == "confusion":
        headline = macro_f1(scored.logits.argmax(axis=1), examples.targets)
    elif info.headline.kind == "ranking" and examples.targets.ndim == 1:
        sign, flags = (-1, 1 - examples.targets) if info.finds_first else (1, examples.targets)
        headline = mean_average_precision(sign * scored.logits, flags.astype(np.int64))
    return Scores(scored.score.astype(np.float64), headline, info.score_higher)


def compared(before: Scores, after: Scores) -> Row:
    """Return how much better the second is, paired, with the ends of the 95 % interval."""
    if before.headline is not None and after.headline is not None:
        return _resampled(len(before.each), before.headline, after.headline)
    gain = paired_difference((after.each - before.each) * (1 if before.higher else -1))
    start = float(before.each.mean())
    if not isinstance(gain, Paired):
        return _row(0.0, Interval(0.0, 0.0), start, higher=before.higher)
    return _row(gain.mean, gain.interval, start, higher=before.higher)


def _resampled(n: int, before: Score, after: Score) -> Row:
    every, weights = np.ones((n, 1), np.float32), poisson_weights(np.random.default_rng(0), (n, DRAWS))
    low, high = np.nanquantile(after(weights) - before(weights), [0.025, 0.975])
    first, second = float(before(every)[0]), float(after(every)[0])
    return _row(second - first, Interval(float(low), float(high)), first, higher=True)


def _row(gain: float, interval: Interval, before: float, *, higher: bool) -> Row:
    trifle = TRIFLE * (1.0 if higher else abs(before))
    certain = ROSE if gain > 0 else FELL if gain <= -trifle else TRIFLING
    how = STAYED if interval.holds(0.0) else certain
    return {"gain": gain, "low": interval.low, "high": interval.high, "before": before, "how": how}
