"""The verb cv: cross-validation."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from dl.cli.finish import finish
from dl.cli.flags import (
    DEFAULT_RUNS,
    Accelerator,
    Data,
    DataDir,
    DomainName,
    Encoding,
    Further,
    GroupOn,
    Input,
    Json,
    MaxTime,
    ModelName,
    OnLeak,
    Precision,
    RecipeName,
    Reg,
    Rivals,
    Runs,
    Seed,
    SequenceOn,
    StratifyOn,
    Target,
    TaskName,
    TimeOn,
    resolve_typed,
    typed_choices,
)
from dl.cli.long_verbs import End, detachable
from dl.errors import BadOption
from dl.limits import ending_after
from dl.options import split_named
from dl.plugins.registered import registered
from dl.terminal import console


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_CV)(cv)


_CV = """Cross-validate: score each example by a network without it.

One network is trained for each fold; the run of all folds has one report.

Example: dl cv tabular wine --protocol kfold:4

Protocols: holdout, kfold:4, iterated-kfold:4x3, repeated-holdout:5; chosen by the number of examples if omitted. With
--time-on, folds go forward in time. Further options are those of dl fit.
"""


@detachable
def cv(
    domain: DomainName = "",
    data: Data = "",
    options: Further = None,
    protocol: Annotated[str, typer.Option(help="How many fits, and what each holds out.", metavar="PROTOCOL")] = "",
    jobs: Annotated[int, typer.Option(help="Number of folds fitted side by side.", min=1)] = 1,
    resume: Annotated[str, typer.Option(help="Go on with an interrupted run.", metavar="RUN")] = "",
    final: Annotated[
        str,
        typer.Option(help="Network for dl test and dl predict: ensemble of the folds, or refit on all.  [ensemble]"),
    ] = "",
    model: ModelName = "",
    recipe: RecipeName = "",
    reg: Reg = None,
    rivals: Rivals = None,
    input_: Input = "",
    target: Target = "",
    group_on: GroupOn = "",
    time_on: TimeOn = "",
    sequence_on: SequenceOn = "",
    stratify_on: StratifyOn = "",
    on_leak: OnLeak = "",
    encoding: Encoding = "",
    data_dir: DataDir = "",
    task: TaskName = "",
    seed: Seed = None,
    accelerator: Accelerator = "auto",
    devices: Annotated[int, typer.Option(help="Number of devices, each of which fits a fold at once.", min=1)] = 1,
    precision: Precision = "32-true",
    max_time: MaxTime = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> End:
    """Cross-validate, as `dl.cv`."""
    flags = {
        "input": input_,
        "target": target,
        "group_on": group_on,
        "time_on": time_on,
        "sequence_on": sequence_on,
        "encoding": encoding,
    }
    flags |= {"data_dir": data_dir, "protocol": protocol, "on_leak": on_leak, "stratify_on": stratify_on}
    domain, data, typed = typed_choices((domain, data), options, flags)
    named = split_named(reg or [])
    given = {"domain": domain, "data": data, "--model": model, "--recipe": recipe, "--task": task}
    if resume and (stated := [name for name, value in (given | typed | named).items() if value]):
        raise BadOption(f"--resume {resume} goes on with the choices of that run; leave {', '.join(stated)} out")

    plugins = registered()
    from dl.cross_validation.cross_validate import BY_SIZE, cross_validate
    from dl.runs.run import open_run
    from dl.training.devices import Devices

    resumed = open_run(resume, runs) if resume else None
    if resumed:
        recipe, typed = str(resumed.path / "recipe.toml"), {}
    by_size = not recipe and typed.get("protocol", BY_SIZE) == BY_SIZE
    typed = {name: value for name, value in typed.items() if (name, value) != ("protocol", BY_SIZE)}
    names = {"recipe": recipe, "model": model, "task": task}
    chosen = resolve_typed(plugins, domain, data, typed, seed=seed, reg=named, **names)
    where = Devices(accelerator, str(devices), precision=precision)
    fitted = (chosen, plugins, where, runs, console(stderr=True))
    with ending_after(max_time) as limit, redirect_stdout(sys.stderr):  # a network may print
        run = cross_validate(*fitted, by_size=by_size, resumed=resumed, jobs=jobs, final=final, rivals=rivals)
    return finish(run, plugins, limit, as_json=as_json)
