"""The share of a fit of MNIST `fast` that outcomes, guards and report take together.

Timed inside one process, from the first line of the fit to the last of the report, but without imports and without the
learners that are fitted beside the network. The guards have the split with them, which looks for copies. Asked for: at
most 10 %.
"""

import io
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

import dl
from benchmarks import steps
from benchmarks.measuring import publish
from benchmarks.report import Clock, patched
from dl.plugins.loading import load_plugins
from dl.runs.render import render_report
from dl.runs.run import Run
from dl.training import run_writer, setup

OUTCOMES = ("on_validation_end", "on_train_end", "on_train_epoch_end", "end")  # of the writer of a run


def main() -> None:
    """Print and keep the table."""
    plugins = load_plugins()
    warm_up = Console(file=io.StringIO(), width=80)
    clocks = {"outcomes and states": Clock(), "guards": Clock(), "report": Clock()}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        os.environ["DL_CACHE"] = str(Path(name) / "cache")  # nothing is known of the data
        small = dl.fit("vision", steps.noise(), runs=name, epochs=1, width=4, rivals=False)
        render_report(small, warm_up, plugins)  # imports what a report needs
        stack.enter_context(patched(run_writer.RunWriter, clocks["outcomes and states"], OUTCOMES))
        for guard in ("guarded", "split_data"):  # names that the module has imported
            stack.callback(setattr, setup, guard, getattr(setup, guard))
            setattr(setup, guard, clocks["guards"].timed(getattr(setup, guard)))
        started = time.perf_counter()
        run = dl.fit("vision", "mnist", recipe="fast", runs=name, rivals=False)
        shown: Callable[..., Any] = clocks["report"].timed(render_report)  # Any: as `Clock.timed` has it
        shown(Run(Path(run.path)), warm_up, plugins)
        whole = time.perf_counter() - started
    rows: list[dict[str, object]] = [
        {"part": part, "seconds": round(clock.seconds, 2), "of the fit": f"{clock.seconds / whole:.1%}"}
        for part, clock in clocks.items()
    ]
    together = sum(clock.seconds for clock in clocks.values())
    rows.append({"part": "together", "seconds": round(together, 2), "of the fit": f"{together / whole:.1%}"})
    rows.append({"part": "the fit with its report", "seconds": round(whole, 2), "of the fit": "100 %"})
    publish("share", "A fit of MNIST by the recipe fast", rows, "asked for: at most 10 % together")
