"""Prediction: a run on raw inputs it has never seen - files, folders, lists of paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from dl.plugins import Plugins, load_plugins
from dl.reopen import reopen
from dl.run import Run, open_run
from dl.task import Task


@dataclass(frozen=True)
class Prediction:
    """What a run says of one input.

    Args:
        source: Where the input came from.
        says: The class, the labels that hold, or the numbers, in words.
        values: For each class or label its probability; for each target column its number.
    """

    source: str
    says: str
    values: dict[str, float]


def predict(
    run: Run | str | Path,
    paths: str | Path | Sequence[str | Path],
    *,
    runs: str | Path = "runs",
    plugins: Plugins | None = None,
) -> list[Prediction]:
    """Say what a run's best network answers to raw inputs.

    Args:
        run: A run, its path, name or number, or ``last``.
        paths: Files, folders, or CSV files with a column of paths.
        runs: Folder of run folders, where ``run`` is not itself a path.
        plugins: What is registered; None loads what is installed.

    Raises:
        BadFile: If a file cannot be read as an input of the run's domain.
        BadRun: If the run cannot be opened.
    """
    plugins = plugins or load_plugins()
    opened = reopen(run if isinstance(run, Run) else open_run(run, Path(runs)), plugins)
    sources = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    examples = opened.domain.read(sources, opened.preparation)
    preds = opened.task.preds(opened.logits(examples))
    return [_one(opened.task, examples.source(k), pred) for k, pred in enumerate(preds)]


def _one(task: Task, source: str, pred: Tensor) -> Prediction:
    names = task.info.names
    if task.row.name == "binary":
        values = {names[0]: 1 - float(pred), names[1]: float(pred)}
    else:
        values = dict(zip(names, pred.tolist(), strict=True))
    if task.row.is_classes:
        says = max(values, key=lambda name: values[name])
    elif task.row.name == "multilabel":
        says = ", ".join(name for name, value in values.items() if value > 0.5) or "none"
    else:
        says = ", ".join(f"{value:.4g}" for value in values.values())
    return Prediction(source, says, values)
