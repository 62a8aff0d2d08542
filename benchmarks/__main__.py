"""Run the benchmarks that are named, or all: ``python -m benchmarks [startup plugins steps epoch ...]``.

``--rounds N`` and ``--peers PYTHON`` are for those that race against other systems.
"""

import argparse
import os
import sys
from collections.abc import Callable

from benchmarks import (
    advice,
    alarms,
    answers,
    autoencoder,
    bits,
    board,
    book,
    branches,
    crashes,
    dates,
    defaults,
    devices,
    drift,
    epoch,
    export,
    features,
    folds,
    frames,
    fuzz,
    gpu,
    guards,
    intervals,
    kills,
    language,
    leaks,
    lines,
    mnist,
    moments,
    plugins,
    pooling,
    ranking,
    rankings,
    rare,
    regularizers,
    remedies,
    report,
    resume,
    rivals,
    rows,
    scale,
    serve,
    share,
    startup,
    steps,
    strings,
    tables,
    text,
    thresholds,
    trackers,
    tuning,
    verdicts,
)

ALL: dict[str, Callable[[], None]] = {
    "startup": startup.main,
    "board": board.main,
    "plugins": plugins.main,
    "steps": steps.main,
    "epoch": epoch.main,
    "export": export.main,
    "serve": serve.main,
    "gpu": gpu.main,
    "devices": devices.main,
    "scale": scale.main,
    "branches": branches.main,
    "crashes": crashes.main,
    "kills": kills.main,
    "fuzz": fuzz.main,
    "moments": moments.main,
    "mnist": mnist.main,
    "book": book.main,
    "report": report.main,
    "share": share.main,
    "resume": resume.main,
    "text": text.main,
    "tables": tables.main,
    "rows": rows.main,
    "language": language.main,
    "lines": lines.main,
    "autoencoder": autoencoder.main,
    "bits": bits.main,
    "strings": strings.main,
    "ranking": ranking.main,
    "frames": frames.main,
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
    "features": features.main,
    "trackers": trackers.main,
    "tuning": tuning.main,
    "alarms": alarms.main,
    "leaks": leaks.main,
    "advice": advice.main,
    "regularizers": regularizers.main,
    "remedies": remedies.main,
    "pooling": pooling.main,
    "defaults": defaults.main,
}

parser = argparse.ArgumentParser(prog="python -m benchmarks")
parser.add_argument("names", nargs="*", help="benchmarks; none for all")
parser.add_argument("--rounds", help="rounds of a race, nine if not given")
parser.add_argument("--peers", help="Python of an environment that has the other systems of a race, beside torch")
given = parser.parse_args()
os.environ |= {f"DL_{name.upper()}": value for name in ("rounds", "peers") if (value := getattr(given, name))}

for name in given.names or list(ALL):
    if name not in ALL:
        sys.exit(f"no benchmark named {name!r}; one of: {', '.join(ALL)}")
    ALL[name]()
