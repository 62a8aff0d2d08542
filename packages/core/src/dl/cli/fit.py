"""The verb fit: train a network from choices, go on from a run, or resume one."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    hinting_at_flags,
    typed_choices,
)
from dl.cli.long_verbs import End, detachable
from dl.cli.on_devices import run_on_devices, typed_places
from dl.errors import BadOption
from dl.exit_codes import DONE
from dl.launch import follow
from dl.options import split_named
from dl.plugins.registered import registered
from dl.terminal import console

if TYPE_CHECKING:
    from dl.plugins.registry import Plugins
    from dl.recipes.asked import Asked
    from dl.recipes.recipe import Recipe


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_FIT)(fit)


_FIT = """Train a network and report whether it overfits.

Example: dl fit vision mnist --model dense width=256 epochs=3

Further options are key=value: for training (epochs, batch_size, lr, ...), the split (val, duplicates), the model and
the data. List them with: dl show convnet

With --from RUN, the network of a run is trained further on this data: its task, its classes and its preprocessing are
kept, and the learning rate is a tenth of the run's unless it is typed.

With --resume, a run that was interrupted or killed goes on to the end that it would have had, and a finished one gets
more epochs: dl fit --resume 3 epochs=20
"""


@detachable
def fit(
    context: typer.Context,
    domain: DomainName = "",
    data: Data = "",
    options: Further = None,
    model: ModelName = "",
    recipe: RecipeName = "",
    reg: Reg = None,
    from_run: Annotated[
        str, typer.Option("--from", help="Go on from a run: number, name, path or 'last'.", metavar="RUN")
    ] = "",
    resume: Annotated[
        str, typer.Option("--resume", help="Continue a run; the newest unfinished one if omitted.", metavar="[RUN]")
    ] = "",
    resume_if_exists: Annotated[
        bool, typer.Option("--resume-if-exists", help="Continue a run of the same recipe and data, if there is one.")
    ] = False,
    accept_changes: Annotated[
        bool, typer.Option("--accept-changes", help="With --resume: accept other versions and devices.")
    ] = False,
    logger: Annotated[
        list[str] | None,
        typer.Option(help="Log metrics to csv, tensorboard, wandb or mlflow; repeatable.", metavar="NAME"),
    ] = None,
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
    devices: Annotated[str, typer.Option(help="Number of devices, or auto.")] = "auto",
    strategy: Annotated[str, typer.Option(help="Distribution strategy: auto, ddp, fsdp, ...")] = "auto",
    precision: Precision = "32-true",
    num_nodes: Annotated[int, typer.Option(help="Number of machines.")] = 1,
    max_time: MaxTime = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> End:
    """Train, as `dl.fit`."""
    follow()
    where = (accelerator, devices, strategy, precision, num_nodes, max_time)
    if (end := run_on_devices(context.obj, *typed_places(where, resume, runs), as_json=as_json)) is not None:
        return end
    flags = {
        "input": input_,
        "target": target,
        "group_on": group_on,
        "time_on": time_on,
        "sequence_on": sequence_on,
        "encoding": encoding,
    }
    domain, data, typed = typed_choices(
        (domain, data), options, flags | {"data_dir": data_dir, "on_leak": on_leak, "stratify_on": stratify_on}
    )
    from dl.recipes.asked import Asked
    from dl.recipes.resolve import named_options

    plugins = registered()
    loggers = named_options(plugins, split_named(logger or []))
    if resume:
        named = {
            "domain": domain,
            "data": data,
            "--model": model,
            "--recipe": recipe,
            "--from": from_run,
            "--task": task,
        }
        named |= {"--seed": "" if seed is None else str(seed), "--reg": " ".join(reg or [])}
        _need_nothing_typed(resume, named, typed)
        return _resume(resume, plugins, typed, where, runs, loggers, rivals, accept_changes, as_json=as_json)
    if accept_changes:
        raise BadOption("--accept-changes goes with --resume")
    with hinting_at_flags(typed):
        asked = Asked(domain, data, model, recipe, task, seed, typed, split_named(reg or []))
        chosen = _resolve(plugins, asked, from_run, runs)
    from dl.training.devices import Devices, is_first_device
    from dl.training.run_fit import fit_recipe

    places = (chosen, plugins, Devices(*where), runs, console(stderr=True), loggers)
    with redirect_stdout(sys.stderr):  # a network may print
        run = fit_recipe(*places, rivals=rivals, resume_if_exists=resume_if_exists)
    if not is_first_device():  # whoever started it takes another code for a fault, and would end the first one
        return End(DONE)
    return finish(run, plugins, as_json=as_json)


def _need_nothing_typed(run: str, named: dict[str, str], typed: dict[str, str]) -> None:
    """Refuse choices beside a run that is resumed.

    Raises:
        BadOption: Naming them.
    """
    from dl.training.resume import CHANGEABLE

    stated = [name for name, value in named.items() if value] + [name for name in typed if name not in CHANGEABLE]
    if stated:
        raise BadOption(f"--resume {run} goes on with the choices of that run; leave {', '.join(stated)} out")


def _resume(
    which: str,
    plugins: Plugins,
    typed: dict[str, str],
    where: tuple[str, str, str, str, int, str],
    runs: Path,
    loggers: dict[str, Any],  # Any: options by name
    rivals: bool | None,
    accept_changes: bool,
    *,
    as_json: bool,
) -> End:
    """Resume a run, and print its report."""
    from dl.recipes.recipe import SAVE_EVERY, TRAIN_OPTIONS
    from dl.training.devices import Devices, is_first_device
    from dl.training.resume import find_resumable
    from dl.training.run_fit import resume_run

    known = {option.name: option for option in TRAIN_OPTIONS}
    given = {name: float(known[name].check(value, "training")) for name, value in typed.items()}
    epochs = int(given["epochs"]) if "epochs" in given else None
    places = (find_resumable(which, runs), plugins, Devices(*where), console(stderr=True), loggers)
    how: dict[str, Any] = {"rivals": rivals, "accept_changes": accept_changes}  # Any: of several types
    with redirect_stdout(sys.stderr):  # a network may print
        run = resume_run(*places, epochs=epochs, save_every=given.get(SAVE_EVERY), **how)
    return finish(run, plugins, as_json=as_json) if is_first_device() else End(DONE)


def _resolve(plugins: Plugins, asked: Asked, from_run: str, runs: Path) -> Recipe:
    """Resolve a fit, from the start or from a run.

    Raises:
        DLError: For a choice that does not fit.
    """
    if not from_run:
        return asked.resolved(plugins)
    from dl.runs.run import open_run
    from dl.training.origin import resolve_from

    return resolve_from(plugins, open_run(from_run, runs), asked)
