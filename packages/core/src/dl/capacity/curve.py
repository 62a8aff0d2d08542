"""Curves: how the score of a recipe depends on the number of examples, the size of the network, or the learning rate.

print(curve("vision", "digits", over="data"))
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lightning.pytorch.utilities.seed import isolate_rng
from rich.console import Console

from dl.capacity.over_capacity import need_units, over_capacity
from dl.capacity.over_data import need_sizes, over_data
from dl.capacity.over_lr import need_rate, over_lr
from dl.capacity.study import Request, ask, open_ground
from dl.errors import BadOption, nearest
from dl.plugins.registry import Plugins
from dl.runs.study import Study
from dl.training.attribution import attribute_errors
from dl.training.devices import Devices

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model

OVER = {"data": (need_sizes, over_data), "capacity": (need_units, over_capacity), "lr": (need_rate, over_lr)}


def curve(
    domain: str = "",
    data: object = "",
    *,
    over: str = "data",
    target: object = None,
    model: str | Model = "",
    recipe: str = "",
    task: str = "",
    seed: int | None = None,
    devices: Devices | None = None,
    runs: str | Path = "runs",
    console: Console | None = None,
    plugins: Plugins | None = None,
    reg: Mapping[str, object] | None = None,
    resume: str = "",
    **options: object,
) -> Study:
    """Fit a recipe several times with more and more of one thing, and conclude.

    Args:
        domain: ``vision``, ...
        data: As for `dl.fit`.
        over: ``data``: a sixteenth to all of the training examples; would more of them help? ``capacity``: a quarter to
            four times the units; would a bigger network? ``lr``: a hundredth to a hundred times the learning rate.
        target: As for `dl.fit`.
        model: As for `dl.fit`.
        recipe: As for `dl.fit`.
        task: As for `dl.fit`.
        seed: Of every random draw; None takes the recipe's.
        devices: Where to train; one device.
        runs: Folder of run folders.
        console: For progress; None is silent.
        plugins: The registered plugins; None loads the installed ones.
        reg: Regularizers by name, as for `dl.fit`. No fit is stopped early.
        resume: Name of an interrupted study to go on with; its finished fits are not made again.
        **options: As for `dl.fit`.

    Returns:
        The study: it prints as a table with its conclusion.

    Raises:
        DLError: For every mistake of the caller, in one line.

    Example:
        >>> study = dl.curve("tabular", "houses.csv", target="price", over="data")
        >>> study.forecasts[0].score
        >>> dl.curve("vision", "digits", over="lr").conclusion
    """
    if over not in OVER:
        raise BadOption(f"over={over}: expected {', '.join(OVER)}{nearest(over, OVER)}")
    chosen = {"recipe": recipe, "task": task}
    places = (seed, devices, runs, console, plugins, reg, resume)
    return curve_asked(ask(domain, data, target, model, chosen, *places, options), over)


def curve_asked(asked: Request, over: str) -> Study:
    """Make a curve with resolved arguments."""
    with attribute_errors(asked.recipe, asked.plugins), isolate_rng():
        need, make = OVER[over]
        return open_ground(asked, "curve", need=need).stopping_between(make)
