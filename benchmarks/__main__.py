"""Run the benchmarks that are named, or all: ``python -m benchmarks [startup steps epoch mnist ...]``."""

import sys
from collections.abc import Callable

from benchmarks import book, epoch, mnist, startup, steps, text, verdicts

ALL: dict[str, Callable[[], None]] = {
    "startup": startup.main,
    "steps": steps.main,
    "epoch": epoch.main,
    "mnist": mnist.main,
    "book": book.main,
    "text": text.main,
    "verdicts": verdicts.main,
}

for name in sys.argv[1:] or list(ALL):
    if name not in ALL:
        sys.exit(f"no benchmark named {name!r}; one of: {', '.join(ALL)}")
    ALL[name]()
