"""Run the benchmarks that are named, or all: ``python -m benchmarks [startup plugins steps epoch ...]``."""

import sys
from collections.abc import Callable

from benchmarks import (
    advice,
    alarms,
    answers,
    autoencoder,
    book,
    dates,
    defaults,
    drift,
    epoch,
    folds,
    guards,
    intervals,
    language,
    leaks,
    lines,
    mnist,
    plugins,
    rankings,
    rare,
    regularizers,
    remedies,
    report,
    rivals,
    rows,
    startup,
    steps,
    tables,
    text,
    thresholds,
    tuning,
    verdicts,
)

ALL: dict[str, Callable[[], None]] = {
    "startup": startup.main,
    "plugins": plugins.main,
    "steps": steps.main,
    "epoch": epoch.main,
    "mnist": mnist.main,
    "book": book.main,
    "report": report.main,
    "text": text.main,
    "tables": tables.main,
    "rows": rows.main,
    "language": language.main,
    "lines": lines.main,
    "autoencoder": autoencoder.main,
    "verdicts": verdicts.main,
    "answers": answers.main,
    "guards": guards.main,
    "dates": dates.main,
    "drift": drift.main,
    "intervals": intervals.main,
    "rankings": rankings.main,
    "thresholds": thresholds.main,
    "rare": rare.main,
    "folds": folds.main,
    "rivals": rivals.main,
    "tuning": tuning.main,
    "alarms": alarms.main,
    "leaks": leaks.main,
    "advice": advice.main,
    "regularizers": regularizers.main,
    "remedies": remedies.main,
    "defaults": defaults.main,
}

for name in sys.argv[1:] or list(ALL):
    if name not in ALL:
        sys.exit(f"no benchmark named {name!r}; one of: {', '.join(ALL)}")
    ALL[name]()
