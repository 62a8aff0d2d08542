"""Describe a fit on the screen before its first step: data, network, regularizers and the baseline to beat."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dl.backbone import backbone
from dl.defaults import Default
from dl.graph.network import Graph
from dl.options import format_value
from dl.plugins.model_file import short_model
from dl.plugins.registry import Plugins
from dl.runs.manifest import Baseline, MetricInfo, TaskInfo
from dl.runs.wording import show_findings, show_value
from dl.splits.on_leak import unmended
from dl.terminal import plain
from dl.training.regularizers import can_read_features
from dl.training.setup import FitSetup
from dl.training.summary import Layer, summarize
from dl.words import hold, many

MOST_LINES = 24  # of the drawing of a graph; the report has all


def describe(console: Console, setup: FitSetup, plugins: Plugins) -> None:
    """Print data, network, regularizers and the best baseline before a fit."""
    recipe = setup.recipe
    _show_data(console, setup)
    _show_unknown(console, setup)
    if setup.learner is not None:
        options = "".join(f" {name}={format_value(value)}" for name, value in recipe.model_options.items())
        console.print(plain(f"  {recipe.model:<11} {setup.learner.answer}, by scikit-learn:{options}"))
    else:
        _show_network(console, setup)
    _show_defaults(console, setup.defaults)
    _show_regularizers(console, [plugins.regularizers[name].typed(o) for name, o in recipe.regularizers.items()])
    _show_baselines(console, setup.task.info.headline, setup.baselines)


def _show_data(console: Console, setup: FitSetup) -> None:
    """Print the sizes of the splits, and the task with its reason."""
    dataset, splits, task = setup.dataset, setup.splits, setup.task
    leaked = int(splits.leaked.sum())
    shared = many(leaked, "exact duplicate") if leaked else "no exact duplicate"
    groups = splits.groups["val"]
    few = ", too few for an interval" if groups is not None and groups.few else ""
    within = "" if groups is None else f" in {many(len(groups), 'group')}{few}"
    facts = {
        "train": f"{len(splits.train):,}",
        "validation": f"{len(splits.val):,}{within}, {splits.rule}; {shared} across it",
        "test": "closed; dl test opens it" if dataset.open_test else "none",
        "task": f"{task.info.name} - {task.info.reason}",
        "heads": _heads(task.info),
        "to find": _class_to_find(task.info),
        "learns": _target_scale(task.info),
        "goes on": _going_on(setup),
        "body": _body(setup),
    }
    console.print(plain(f"{dataset.name}: {dataset.title}" if dataset.title else dataset.name, "bold"))
    for name, value in facts.items():
        if value:
            console.print(plain(f"  {name:<11} {value}"))
    for note in dataset.notes:
        console.print(plain(f"  - {note}"))
    show_findings(console, splits.findings)
    for code in unmended(setup.recipe, splits.findings):
        console.print(plain(f"  - on_leak=fix has no remedy left for {code}; see: dl explain {code}"))


def _going_on(setup: FitSetup) -> str:
    """Describe the run that the fit goes on from, and the rate; empty for a fit from the start."""
    recipe = setup.recipe
    if not recipe.from_run:
        return ""
    return f"from {Path(recipe.from_run).name}, its weights, classes and preprocessing; lr={recipe.train['lr']}"


def _body(setup: FitSetup) -> str:
    """Describe what is trained of a network with a body, and where its weights come from; empty for any other."""
    parted = backbone(setup.network)
    if parted is None:
        return ""
    trained = f"the last {many(len(parted.thawed), 'stage')} trained, after a head is solved"
    if parted.is_frozen:
        once = can_read_features(setup.regularizers)
        trained = (
            "frozen, its features are computed once" if once else "frozen, computed at each step, as inputs change"
        )
    return f"{trained}; {parted.origin}"


def _heads(info: TaskInfo) -> str:
    """List the task of each of several targets, and how their losses are weighted; empty for one target."""
    if not info.heads:
        return ""
    listed = "; ".join(f"{one.name}: {one.task.name}" for one in info.heads)
    weights = ", ".join(f"{one.name} {one.weight:g}" for one in info.heads)
    return f"{listed}; weights of the losses: {'learnt' if info.learns_weights else weights}"


def _class_to_find(info: TaskInfo) -> str:
    """Name the class that the headline metric ranks, of two; empty where the headline treats both alike."""
    if not info.positive or info.headline.kind != "ranking":
        return ""
    number = info.names.index(info.positive)
    share = show_value(info.headline, info.counts[number] / sum(info.counts))
    other = shlex.quote(f"positive={info.names[1 - number]}")
    return f"{info.positive!r}, {share} of the training set  for the other class: {other}"


def _target_scale(info: TaskInfo) -> str:
    """Describe the scale on which a target is learnt; empty for its own units."""
    if not info.log_limits:
        return ""
    why = f", as the target is positive and skewed ({info.skewness:.1f})" if info.skewness else ""
    return f"the logarithm{why}; scores and predictions are in target units  otherwise: target_scale=plain"


def _show_unknown(console: Console, setup: FitSetup) -> None:
    """Print the number of examples without any known word or value in each split, and the first of them."""
    for name, subset in (("training", setup.splits.train), ("validation", setup.splits.val)):
        unknown = setup.data.unknown[name]
        if unknown.any():
            found, first = int(unknown.sum()), subset.examples.source(int(subset.index[np.argmax(unknown)]))
            count = f"{found:,} of {len(subset):,} {name} examples {hold(found)} nothing that is known, as"
            console.print(plain(f"  - {count} {first}"))


def _show_network(console: Console, setup: FitSetup) -> None:
    """Print the layers of the network: of a graph, its drawing."""
    name = short_model(setup.recipe.model)
    if isinstance(setup.network, Graph):
        console.print(plain(f"  {name}", "dim"))
        drawn = setup.network.diagram.folded().text(MOST_LINES)
        console.print(Text("\n".join(f"  {line}" for line in drawn.splitlines())), soft_wrap=True)
    else:
        _show_layers(console, summarize(setup.network, setup.preprocessor.example_input()), name)


def _show_layers(console: Console, layers: Sequence[Layer], name: str) -> None:
    """Print a network's layers, with their shapes and parameters."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(f"  {name}", no_wrap=True)
    table.add_column("gives", no_wrap=True)
    table.add_column("parameters", justify="right", no_wrap=True)
    title = ""
    for layer in layers:
        if layer.title != title:
            title = layer.title
            table.add_row(plain(f"  {title}:", "dim"))
        shape = " x ".join(map(str, layer.shape))
        table.add_row(plain(f"  {layer.kind}"), shape, f"{layer.parameters:,}" if layer.parameters else "")
    table.add_row(plain("  in all"), "", f"{sum(layer.parameters for layer in layers):,}", style="bold")
    console.print(table)


def _show_defaults(console: Console, defaults: Sequence[Default]) -> None:
    """Print the choices that follow from the data, each with its reason; nothing where none does."""
    width = max((len(one.typed) for one in defaults), default=0)
    for one in defaults:
        console.print(plain(f"  {one.typed:<{width}}  {one.reason}"))


def _show_regularizers(console: Console, regularizers: Sequence[str]) -> None:
    """Print the regularizers in their order of application; nothing without any."""
    if regularizers:
        console.print(plain(f"  regularized {' '.join(regularizers)}"))


def _show_baselines(console: Console, metric: MetricInfo, found: Sequence[Baseline]) -> None:
    """Print the best baseline, in one line; nothing without any, as of a plugin's task."""
    best = max(found, key=lambda one: one.score if metric.higher else -one.score, default=None)
    if best is None:
        return
    console.print(plain(f"  to beat     {show_value(metric, best.score)} {metric.name} by {best.answer}"))
