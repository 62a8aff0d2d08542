"""The verbs overfit and curve: fits are made by core, which is asked through `dl`; here they are shown, with a plot."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dl.cli.flags import (
    DEFAULT_RUNS,
    FLAGS,
    Accelerator,
    Data,
    DataDir,
    DomainName,
    Encoding,
    Further,
    GroupOn,
    Input,
    MaxTime,
    ModelName,
    Precision,
    RecipeName,
    Reg,
    Runs,
    Seed,
    SequenceOn,
    Target,
    TaskName,
    TimeOn,
    flag_meant,
    typed_choices,
)
from dl.cli.json_output import print_json
from dl.cli.long_verbs import End, detachable
from dl.errors import BadOption
from dl.limits import ending_after
from dl.options import split_named
from dl.terminal import console, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from dl.runs.study import Study

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table and a plot.")]
Resume = Annotated[
    str,
    typer.Option(
        help="Go on with an interrupted study, the same words typed again: its finished fits are kept.", metavar="STUDY"
    ),
]

OVERFIT = """Overfit on purpose, to see what a network can learn.

Example: dl overfit tabular wine epochs=20

One batch is learnt by heart, then the training set, by networks of several sizes.

Regularizers, dropout, weight decay and early stopping are off. Fits of a quarter, once and four times the units take
up to four times the epochs, until the training set is learnt and the validation loss has turned. Further options are
those of dl fit.
"""


@detachable
def overfit(
    domain: DomainName = "",
    data: Data = "",
    options: Further = None,
    model: ModelName = "",
    recipe: RecipeName = "",
    input_: Input = "",
    target: Target = "",
    group_on: GroupOn = "",
    time_on: TimeOn = "",
    sequence_on: SequenceOn = "",
    encoding: Encoding = "",
    data_dir: DataDir = "",
    task: TaskName = "",
    seed: Seed = None,
    accelerator: Accelerator = "auto",
    precision: Precision = "32-true",
    max_time: MaxTime = "",
    resume: Resume = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: AsJson = False,
) -> End:
    """Overfit, as `dl.overfit`."""
    flags = {
        "input": input_,
        "target": target,
        "group_on": group_on,
        "time_on": time_on,
        "sequence_on": sequence_on,
        "encoding": encoding,
    }
    domain, data, typed = typed_choices((domain, data), options, flags | {"data_dir": data_dir})
    if meant := flag_meant(typed, FLAGS):
        raise BadOption(meant)
    import dl

    where = dl.Devices(accelerator, "1", precision=precision)
    names: dict[str, Any] = {"model": model, "recipe": recipe, "task": task, "seed": seed, "resume": resume}
    shared = names | {"devices": where, "runs": runs, "console": console(stderr=True)} | typed
    return _show(lambda: dl.overfit(domain, data, **shared), as_json=as_json, max_time=max_time)


CURVE = """Draw a score over data, capacity or learning rate.

Example: dl curve tabular wine --over data epochs=5

With --over data, a sixteenth to all of the training examples, and what twice and ten times as many would give; with
--over capacity, a quarter to four times the units; with --over lr, a hundredth to a hundred times the rate, in short
fits. Further options are those of dl fit.
"""


@detachable
def curve(
    domain: DomainName = "",
    data: Data = "",
    options: Further = None,
    over: Annotated[str, typer.Option(help="data, capacity or lr.", metavar="WHAT")] = "data",
    model: ModelName = "",
    recipe: RecipeName = "",
    reg: Reg = None,
    input_: Input = "",
    target: Target = "",
    group_on: GroupOn = "",
    time_on: TimeOn = "",
    sequence_on: SequenceOn = "",
    encoding: Encoding = "",
    data_dir: DataDir = "",
    task: TaskName = "",
    seed: Seed = None,
    accelerator: Accelerator = "auto",
    precision: Precision = "32-true",
    max_time: MaxTime = "",
    resume: Resume = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: AsJson = False,
) -> End:
    """Make a curve, as `dl.curve`."""
    flags = {
        "input": input_,
        "target": target,
        "group_on": group_on,
        "time_on": time_on,
        "sequence_on": sequence_on,
        "encoding": encoding,
    }
    domain, data, typed = typed_choices((domain, data), options, flags | {"data_dir": data_dir})
    named = split_named(reg or [])
    if meant := flag_meant(typed, FLAGS):
        raise BadOption(meant)
    import dl

    where = dl.Devices(accelerator, "1", precision=precision)
    names: dict[str, Any] = {"model": model, "recipe": recipe, "task": task, "seed": seed, "resume": resume}
    shared = names | {"devices": where, "runs": runs, "console": console(stderr=True), "reg": named} | typed
    return _show(lambda: dl.curve(domain, data, over=over, **shared), as_json=as_json, max_time=max_time)


def _show(make: Callable[[], Study], *, as_json: bool, max_time: str) -> End:
    """Make a study, print it, and return its end."""
    with ending_after(max_time) as limit, redirect_stdout(sys.stderr):  # a network may print
        study = make()
    if as_json:
        print_json(asdict(study))
    else:
        _print(study)
    name = Path(study.path).name
    return End(limit.code_of(study.signal), name, study.status, lambda: study.conclusion, study.metric.name)


def _print(study: Study) -> None:
    """Print the table, the plot and the conclusion."""
    from dl_reports.render.study import draw_study

    out = console()
    for line in study.head():
        out.print(plain(line, longest=2000), soft_wrap=True)
    for drawn in draw_study(study, min(out.width, 100)):
        out.print(drawn)
    for line in study.tail():
        out.print(plain(line, longest=2000), soft_wrap=True)
