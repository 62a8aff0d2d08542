"""Counters of a service, in the text format of Prometheus. All are counted in the thread of the event loop.

Source: Prometheus, "Exposition formats", version 0.0.4.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass
class Histogram:
    """Counts of values by their upper bound.

    Args:
        bounds: Ascending.
    """

    bounds: Sequence[float]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def lines(self, name: str, labels: str) -> Iterator[str]:
        """Yield the lines of this histogram."""
        below = 0
        for bound, count in zip([*self.bounds, float("inf")], self.counts, strict=True):
            below += count
            yield f'{name}_bucket{{{labels},le="{_number(bound)}"}} {below}'
        yield f"{name}_sum{{{labels}}} {self.total:.9g}"
        yield f"{name}_count{{{labels}}} {below}"


class Metrics:
    """The counters of a service."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, int], int] = defaultdict(int)  # by run and status
        self.seconds: dict[str, Histogram] = defaultdict(lambda: Histogram(SECONDS))
        self.batches: dict[str, Histogram] = defaultdict(lambda: Histogram(SIZES))
        self.inputs: dict[str, int] = defaultdict(int)
        self.changes: dict[str, int] = defaultdict(int)
        self.waiting = 0
        self.held = 0  # bytes of bodies

    def show(self, served: dict[str, str]) -> str:
        """Return all counters as text.

        Args:
            served: The run that each name stands for.
        """
        return "\n".join(self._lines(served)) + "\n"

    def _lines(self, served: dict[str, str]) -> Iterator[str]:
        yield from _head("requests_total", "counter", "Requests for predictions by run and status.")
        for (name, status), count in sorted(self.requests.items()):
            yield f'dl_serve_requests_total{{run="{name}",status="{status}"}} {count}'
        yield from _head("inputs_total", "counter", "Inputs that were predicted.")
        yield from (f'dl_serve_inputs_total{{run="{name}"}} {count}' for name, count in sorted(self.inputs.items()))
        yield from _head("run_changes_total", "counter", "How often another run took the place of one.")
        changes = sorted(self.changes.items())
        yield from (f'dl_serve_run_changes_total{{run="{name}"}} {count}' for name, count in changes)
        yield from _histograms("request_seconds", "Seconds from the first header to the answer.", self.seconds)
        yield from _histograms("batch_inputs", "Inputs that the network was given at once.", self.batches)
        for name, value, what in (
            ("waiting_requests", self.waiting, "Requests that are read, wait or are computed."),
            ("held_bytes", self.held, "Bytes of the bodies of these requests."),
        ):
            yield from _head(name, "gauge", what)
            yield f"dl_serve_{name} {value}"
        yield from _head("run_info", "gauge", "The run that a name stands for.")
        yield from (
            f'dl_serve_run_info{{run="{name}",folder="{_label(run)}"}} 1' for name, run in sorted(served.items())
        )


def _head(name: str, kind: str, what: str) -> Iterator[str]:
    yield f"# HELP dl_serve_{name} {what}"
    yield f"# TYPE dl_serve_{name} {kind}"


def _histograms(name: str, what: str, found: dict[str, Histogram]) -> Iterator[str]:
    yield from _head(name, "histogram", what)
    for run, histogram in sorted(found.items()):
        yield from histogram.lines(f"dl_serve_{name}", f'run="{run}"')


def _label(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")


def _number(bound: float) -> str:
    return "+Inf" if bound == float("inf") else f"{bound:g}"
