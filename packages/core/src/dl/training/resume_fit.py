"""The verb that resumes: a run goes on in its own folder, to the end that it would have had.

run = resume("last")
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.runs.run import Run
from dl.training.devices import Devices
from dl.training.resume import find_resumable
from dl.training.run_fit import resume_run


def resume(
    run: Run | str | int | Path = "last",
    *,
    epochs: int | None = None,
    save_every: float | None = None,
    devices: Devices | None = None,
    runs: str | Path = "runs",
    console: Console | None = None,
    plugins: Plugins | None = None,
    rivals: bool | None = None,
    accept_changes: bool = False,
) -> Run:
    """Continue a fit that was interrupted or killed, or that failed; it ends as it would have ended.

    Args:
        run: The run, its path, name or number; ``last`` is the newest one that is not finished.
        epochs: More than those of its recipe; a finished run can be resumed so.
        save_every: Seconds between two saves of its state; None takes the recipe's.
        devices: Where to train; None takes those it had.
        runs: Folder of run folders.
        console: For progress; None is silent.
        plugins: The registered plugins; None loads the installed ones.
        rivals: As for `dl.fit`.
        accept_changes: Whether other versions of dl and torch and another number of devices are accepted.

    Returns:
        The run.

    Raises:
        DLError: For a run that cannot be resumed, or would be another fit: its data or its code has changed.

    Example:
        >>> run = dl.resume()
        >>> run = dl.resume(3, epochs=20)
        >>> run = dl.resume("runs/0001-digits-dense")
    """
    found = run if isinstance(run, Run) else find_resumable(run, runs)
    where = (found, plugins or load_plugins(), devices, console or Console(quiet=True))
    return resume_run(*where, epochs=epochs, save_every=save_every, rivals=rivals, accept_changes=accept_changes)
