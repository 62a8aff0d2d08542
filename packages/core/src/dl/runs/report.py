"""Report on runs and compare them from Python, with the first plugin that can; core has no report of its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dl.hookspecs import RunComparison, RunReport
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.runs.run import Run, first_answer, open_run

Which = Run | str | int | Path  # a run, or its path, name or number, or ``last``


def report(
    run: Which = "last",
    *,
    ignore: Iterable[str] = (),
    runs: str | Path = "runs",
    plugins: Plugins | None = None,
) -> RunReport:
    """Report on a run: whether it overfits, since when, by how much, and what to do.

    Args:
        run: A run, its path, name or number, or ``last``.
        ignore: Codes of findings to silence.
        runs: Folder with the runs, if ``run`` is not a path.
        plugins: The registered plugins; None loads the installed ones.

    Returns:
        Verdict, findings and scores; it prints as text and displays as a page in a notebook.

    Raises:
        BadRun: If the run cannot be read.
        UnknownName: If a code to ignore does not exist.

    Example:
        >>> print(dl.report("last"))
        >>> dl.report(run, ignore=["data-small-validation"]).findings
        >>> dl.report(3).scores["val"]
    """
    return find_run(run, runs).report(ignore=ignore, plugins=plugins)


def compare(first: Which, second: Which, *, runs: str | Path = "runs", plugins: Plugins | None = None) -> RunComparison:
    """Compare two runs on the validation examples they share.

    Args:
        first: A run, its path, name or number, or ``last``.
        second: The run to compare it with.
        runs: Folder of run folders, where a run is not itself a path.
        plugins: The registered plugins; None loads the installed ones.

    Raises:
        BadRun: If they share no validation examples, or have different tasks.

    Example:
        >>> print(dl.compare(first, second))
        >>> dl.compare(1, "last").verdict
        >>> dl.compare("runs/0001-in-memory-dense", "runs/0002-in-memory-linear")
    """
    plugins = plugins or load_plugins()
    given = {"first": find_run(first, runs), "second": find_run(second, runs), "plugins": plugins}
    return first_answer(plugins.comparers, "compares runs", **given)


def find_run(which: Which, runs: str | Path) -> Run:
    """Return a given run, or find it as `open_run` does."""
    return which if isinstance(which, Run) else open_run(which, runs)
