"""Prediction: a run on raw inputs it has never seen - files, folders, lists of paths."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from dl.data import Examples, joined
from dl.domain import stored
from dl.errors import BadOption
from dl.options import check
from dl.plugins import Plugins, load_plugins
from dl.reopen import Opened, reopen
from dl.run import Run, open_run
from dl.specs import Options
from dl.tables import OF_RAW_INPUTS, is_table, refuse_options
from dl.task import Task
from dl.terminal import safe_text

NAMED = 3  # inputs that a message names


class UnknownInputs(UserWarning):
    """Inputs of a prediction hold nothing that the run has learnt to tell apart: texts without a known word, say."""


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
    paths: str | Path | Sequence[str | Path] = (),
    *,
    texts: Sequence[str] = (),
    runs: str | Path = "runs",
    plugins: Plugins | None = None,
    **options: object,
) -> list[Prediction]:
    """Say what a run's best network answers to raw inputs.

    Args:
        run: A run, its path, name or number, or ``last``.
        paths: Files, folders, or tables; for images a table with a column of paths. They are read as the run's own
            data was.
        texts: Texts themselves, where the run reads texts.
        runs: Folder of run folders, where ``run`` is not itself a path.
        plugins: What is registered; None loads what is installed.
        **options: What is read otherwise than the run's own data: ``input="body"``, ``encoding="latin-1"``, ...

    Raises:
        BadOption: If there is no such option, or it says nothing about these paths.
        BadFile: If a file cannot be read as an input of the run's domain.
        BadRun: If the run cannot be opened.
    """
    plugins = plugins or load_plugins()
    opened = reopen(run if isinstance(run, Run) else open_run(run, Path(runs)), plugins)
    sources = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    reading = _reading(opened, plugins, options, sources)
    read = [opened.domain.read_raw(sources, opened.preparation, reading)] if sources or not texts else []
    if texts:
        read.append(_from_strings(opened, texts))
    examples = joined(read)
    _say_blind(opened, examples)
    preds = opened.task.preds(opened.logits(examples))
    return [_one(opened.task, examples.source(k), pred) for k, pred in enumerate(preds)]


def _reading(opened: Opened, plugins: Plugins, given: Mapping[str, object], paths: Sequence[Path]) -> Options:
    """Return the options of the run's data, those about raw inputs as they are given now.

    Raises:
        BadOption: If an option is about no raw input, or about a table where there is none.
    """
    known = [option for option in plugins.domain(opened.recipe.domain).options if option.name in OF_RAW_INPUTS]
    checked = check(known, given, "a prediction")
    chosen = {name: checked[name] for name in given}
    if not any(map(is_table, paths)):
        of_tables = {name: value for name, value in chosen.items() if name != "encoding"}
        refuse_options(of_tables, ", ".join(map(str, paths)) or "a text", "no table")
    return {**opened.recipe.data_options, **chosen}


def _say_blind(opened: Opened, examples: Examples) -> None:
    """Warn of inputs that hold nothing the run knows: it answers, but not to them."""
    if not len(examples):
        return
    blind = np.flatnonzero(opened.preparation.blind(stored(examples, opened.preparation).inputs))
    if len(blind):
        first = ", ".join(safe_text(examples.source(int(at))) for at in blind[:NAMED])
        count = f"{len(blind):,} of {len(examples):,} inputs hold nothing that this run knows"
        more = ", ..." if len(blind) > NAMED else ""
        warnings.warn(f"{count}: {first}{more}; its answer to them says nothing", UnknownInputs, stacklevel=3)


def _from_strings(opened: Opened, texts: Sequence[str]) -> Examples:
    if opened.domain.from_strings is None:
        raise BadOption(f"a run of {opened.recipe.domain} reads no texts; give it files or folders")
    return opened.domain.from_strings(texts)


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
