"""`dl report`: seconds and memory for many examples and epochs, and what keeping the outcomes costs a fit.

Asked for: 10,000 validation examples x 50 epochs in 1 s of computing, 2 s and 300 MB in all; 1,000,000 x 20 in 30 s and
2 GB; keeping at most 5 % of the fit beyond the validation and probe passes.
Reports are computed and printed in fresh processes of one thread, the least of three; processor seconds stand beside
those of the clock, for they are the same on a machine that others use. Keeping is timed inside one fit.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import dl
from benchmarks.measuring import publish, run_dl
from dl.training import run_writer
from dl_reports.simulate import SimulatedFit, simulate

ROUNDS = 3
SIZES = {"10,000 x 50": (10_000, 50, 10_000), "1,000,000 x 20": (1_000_000, 20, 10_000)}  # validation, epochs, probe
COMPUTE = """
import sys, time
from pathlib import Path
from dl.runs.run import Run
from dl_reports.as_json import to_json
from dl_reports.build import build_report
started, used = time.perf_counter(), time.process_time()
to_json(build_report(Run(Path(sys.argv[1]))))
print(time.perf_counter() - started, time.process_time() - used)
"""


def measured(n: int, epochs: int, probe: int) -> dict[str, object]:
    """Simulate a fit that overfits, and report it."""
    with tempfile.TemporaryDirectory() as name:
        rise = [2.0, 3.0, *[3.5 - 0.01 * k for k in range(epochs - 2)]]
        learnt = [2.0, 3.0, *[3.5 + 0.05 * k for k in range(epochs - 2)]]
        run = simulate(Path(name) / "0001-simulated", SimulatedFit(signal=rise, probe_signal=learnt, n=n, m=probe))
        command = [sys.executable, "-c", COMPUTE, str(run.path)]
        answers = [subprocess.run(command, capture_output=True, check=True).stdout.split() for _ in range(ROUNDS)]
        shown = [run_dl("report", str(run.path), folder=Path(name)) for _ in range(ROUNDS)]
    return {
        "computing, s": round(min(float(seconds) for seconds, _ in answers), 2),
        "of processor": round(min(float(cpu) for _, cpu in answers), 2),
        "dl report in all, s": round(min(one.seconds for one in shown), 2),
        "of processor in all": round(min(one.cpu for one in shown), 2),
        "peak MB": round(max(one.megabytes for one in shown)),
    }


class Clock:
    """Adds up the seconds spent inside functions; nested ones count once."""

    def __init__(self) -> None:
        self.seconds, self._inside = 0.0, False

    def timed(self, call: Callable[..., Any]) -> Callable[..., Any]:  # Any: whatever the function takes
        """Return the function, timed."""

        def run(*args: Any, **kwargs: Any) -> Any:  # Any: as above
            if self._inside:
                return call(*args, **kwargs)
            self._inside, started = True, time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self._inside, self.seconds = False, self.seconds + time.perf_counter() - started

        return run


def keeping(recipe: str, epochs: int) -> dict[str, object]:
    """Fit once, and return the share of the fit spent in keeping; scoring the two parts is not keeping."""
    clock, keeper = Clock(), run_writer.RunWriter
    with tempfile.TemporaryDirectory() as name, patched(keeper, clock, ("on_validation_end", "on_train_end")):
        run = dl.fit("vision", "mnist", recipe=recipe, epochs=epochs, runs=Path(name))
        kept = sum(path.stat().st_size for path in (run.path / "outcomes").iterdir())
        fit = run.manifest.seconds
    return {
        "fit": f"{recipe}, {epochs} epochs, {run.manifest.parts.val:,} + {run.manifest.parts.probe:,} scored",
        "fit, s": round(fit, 1),
        "keeping, s": round(clock.seconds, 2),
        "keeping adds": f"{clock.seconds / (fit - clock.seconds):.1%}",
        "kept MB": round(kept / 1e6, 1),
    }


@contextlib.contextmanager
def patched(owner: type, clock: Clock, names: Sequence[str]) -> Iterator[None]:
    """Time these methods of a class for a while."""
    plain = {name: getattr(owner, name) for name in names}
    for name, call in plain.items():
        setattr(owner, name, clock.timed(call))
    try:
        yield
    finally:
        for name, call in plain.items():
            setattr(owner, name, call)


def main() -> None:
    """Print and keep the tables."""
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that report; this one has read it already
    rows = [{"validation x epochs": name} | measured(*size) for name, size in SIZES.items()]
    asked = "asked for: 1 s of computing, 2 s and 300 MB in all; 30 s and 2,000 MB for the large one"
    publish("report", "dl report", rows, asked)
    fits = [keeping("fast", 2), keeping("book-dense", 5)]
    publish("keeping", "What keeping the outcomes costs", fits, "asked for: at most 5 % beyond the two scoring passes")


if __name__ == "__main__":
    main()
