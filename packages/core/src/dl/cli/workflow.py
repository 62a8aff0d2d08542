"""The verb workflow: all stages, from a look at the data to the final score."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer

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
    hinting_at_flags,
    typed_choices,
)
from dl.cli.json_output import print_json
from dl.cli.long_verbs import End, detachable
from dl.errors import BadOption
from dl.exit_codes import DONE, FAILED, of_signal
from dl.options import split_named
from dl.plugins.registered import registered
from dl.terminal import console, plain

if TYPE_CHECKING:
    from dl.runs.workflow import Workflow

LONG = 2_000  # characters of a line


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_WORKFLOW)(workflow)


_WORKFLOW = """Work in stages, from a look at the data to the final score.

Example: dl workflow tabular wine --max-time 10m

The stages: look, baseline, fit, overfit, regularize, tune, final. Each has an entry and an exit condition, which are
checked and printed; the folder of the workflow holds what was reached, and dl report shows it on one page.

A workflow that was stopped or killed goes on with --resume. Further options are those of dl fit.
"""


@detachable
def workflow(
    domain: DomainName = "",
    data: Data = "",
    options: Further = None,
    time: Annotated[
        str, typer.Option("--max-time", help="Time that all stages may take: 30m, 1h30m, 90s.  [any]", metavar="TIME")
    ] = "",
    trials: Annotated[int, typer.Option(help="Trials of the tuning.  [20, or what the time allows]", min=0)] = 0,
    on_leak: Annotated[
        str, typer.Option("--on-leak", help="Where a score cannot be trusted: stop, warn, or fix it.", metavar="WHAT")
    ] = "stop",
    keep_test_closed: Annotated[
        bool,
        typer.Option("--keep-test-closed", help="Leave the test set for later; else it is opened once, at the end."),
    ] = False,
    resume: Annotated[str, typer.Option(help="Go on with a workflow: name, number or path.", metavar="STUDY")] = "",
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
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> End:
    """Work in stages, as `dl.workflow`."""
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
    given = {"domain": domain, "data": data, "--model": model, "--recipe": recipe, "--task": task, "--max-time": time}
    if resume and (stated := [name for name, value in (given | typed | named).items() if value]):
        raise BadOption(f"--resume {resume} goes on with the choices of that workflow; leave {', '.join(stated)} out")
    from dl.limits import parse_time

    limit = parse_time(time) if time else 0.0
    from dl.runs.workflow import find_workflow, workflow_content

    plugins = registered()
    folder = find_workflow(resume, runs) if resume else None
    from dl.recipes.asked import Asked
    from dl.stages.workflow import begin_workflow, resume_workflow
    from dl.training.devices import Devices

    where, screen = Devices(accelerator, "1", precision=precision), console(stderr=True)
    with redirect_stdout(sys.stderr):  # a network may print
        if folder:
            found = resume_workflow(folder, plugins, where, screen)
        else:
            asked = Asked(domain, data, model, recipe, task, seed, typed, named)
            how = {"limit": limit, "trials": trials, "on_leak": on_leak, "keep_test_closed": keep_test_closed}
            with hinting_at_flags(typed):
                found = begin_workflow(asked, plugins, where, runs, screen, **how)  # type: ignore[arg-type]  # as named
    if as_json:
        print_json(workflow_content(found))
    else:
        _show(found)
    code = of_signal(found.signal) or (FAILED if found.status == "stopped" else DONE)
    return End(code, found.name, found.status, lambda: found.message or found.stage("final").result)


def _show(found: Workflow) -> None:
    """Print what was reached, and what to type next; the stages have been shown while they ran."""
    from dl.cli.status import show_end

    out, final = console(), found.stage("final")
    out.print(plain(f"{found.name}: {found.status}", "bold"))
    if final.result:
        out.print(plain(f"  {final.result}", longest=LONG))
    show_end(out, found)
