"""The verb tune: a search for better options, and how much of its best score is luck."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

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
    OnLeak,
    Precision,
    RecipeName,
    Reg,
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
from dl.cli.json_output import print_json
from dl.cli.long_verbs import End, detachable
from dl.errors import BadOption
from dl.exit_codes import DONE, of_signal
from dl.options import split_named
from dl.plugins.registered import registered
from dl.terminal import console, plain
from dl.words import many, show_number

if TYPE_CHECKING:
    from dl.tuning.study import Study, Trial

SHOWN = 5  # trials in the table, besides the recipe's
LEAST_SHARE = 0.01  # of an option in how scores differ
LARGEST = 2_000  # characters of a command


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_TUNE)(tune)


_TUNE = """Search for better options, and state the luck of the best.

Example: dl tune tabular wine --trials 20

Learning rate, schedule, size of the network and regularizers are tried; what is typed stays as it is, and --over names
what to try. The first trial is the recipe as it stands. With --protocol kfold:4 each trial is cross-validated. Further
options are those of dl fit.
"""


@detachable
def tune(
    domain: DomainName = "",
    data: Data = "",
    options: Further = None,
    trials: Annotated[int | None, typer.Option(help="Number of fits.  [20 without --max-time]")] = None,
    time: Annotated[
        str, typer.Option("--max-time", help="Begin no fit after this time: 20m, 1h30m, 90s.", metavar="TIME")
    ] = "",
    sampler: Annotated[str, typer.Option(help="How options are drawn: tpe, random or grid.")] = "tpe",
    protocol: Annotated[
        str, typer.Option(help="Fits of a trial: kfold:4, iterated-kfold:4x3, ...  [holdout]", metavar="PROTOCOL")
    ] = "",
    over: Annotated[
        str, typer.Option(help="Options and regularizers to try, comma-separated: lr,width,dropout.", metavar="NAMES")
    ] = "",
    jobs: Annotated[int | None, typer.Option(help="Number of trials fitted at once.  [1]", min=1)] = None,
    storage: Annotated[
        str, typer.Option(help="Where several machines share a study: FILE.log or URL.", metavar="STORAGE")
    ] = "",
    study: Annotated[str, typer.Option(help="Its name there.", metavar="NAME")] = "",
    show: Annotated[bool, typer.Option("--show", help="Show the shared study as it stands.")] = False,
    resume: Annotated[str, typer.Option(help="Go on with a study: name, number or path.", metavar="STUDY")] = "",
    model: ModelName = "",
    recipe: RecipeName = "",
    reg: Reg = None,
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
    precision: Precision = "32-true",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> End:
    """Tune, as `dl.tune`."""
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
    given = {"domain": domain, "data": data, "--model": model, "--recipe": recipe, "--task": task, "--over": over}
    shared = {"--storage": storage, "--study": study}
    if show and (stated := [name for name, value in (given | typed | named | {"--resume": resume}).items() if value]):
        raise BadOption(f"--show takes --storage and --study alone; leave {', '.join(stated)} out")
    if show and not all(shared.values()):
        raise BadOption("--show needs the shared study: --storage FILE.log or URL, and --study NAME")
    given |= shared
    if resume and (stated := [name for name, value in (given | typed | named).items() if value]):
        raise BadOption(f"--resume {resume} goes on with the choices of that study; leave {', '.join(stated)} out")
    from dl.tuning.budget import read_budget

    budget = read_budget(trials, time)
    if show:
        return End(_show_shared(storage, study, as_json))

    plugins = registered()
    from dl.recipes.asked import Asked
    from dl.training.devices import Devices
    from dl.tuning.study import study_content
    from dl.tuning.tune import find_study, read_shared, resume_study, tune_asked

    where, screen = Devices(accelerator, "1", precision=precision), console(stderr=True)
    with redirect_stdout(sys.stderr):  # a network may print
        if resume:
            own = budget if trials is not None or time else None
            found = resume_study(find_study(resume, runs), plugins, where, screen, own, jobs=jobs or 0)
        else:
            asked = Asked(domain, data, model, recipe, task, seed, typed, named)
            names = tuple(filter(None, (name.strip() for name in over.split(","))))
            how = (asked, plugins, where, runs, screen)
            place = read_shared(storage, study)
            with hinting_at_flags(typed):
                found = tune_asked(*how, budget=budget, sampler=sampler, over=names, jobs=jobs or 1, shared=place)
    if as_json:
        print_json(study_content(found))
    else:
        show_study(console(), found)
    return _end(found)


def _end(study: Study) -> End:
    """Return how a study ended."""
    from dl.tuning.study import count_trials

    best, name = study.best, study.shared or study.name
    verdict = f"{count_trials(study)}; the luck: {_luck(study)}" if best else count_trials(study)
    score = best.score if best else None
    return End(of_signal(study.signal), name, study.status, lambda: verdict, study.metric.name, score)


def _show_shared(storage: str, name: str, as_json: bool) -> int:
    """Show a shared study as it stands."""
    from dl.tuning.run_shared import look_at
    from dl.tuning.storage import Place
    from dl.tuning.study import study_content

    study = look_at(Place.parse(storage), name, console(stderr=True))
    if as_json:
        print_json(study_content(study))
    else:
        show_study(console(), study)
    return DONE


def show_study(out: Console, study: Study) -> None:
    """Print the best trials, the luck of the best, what mattered, and what to type next."""
    from dl.tuning.study import count_trials

    took = f", {study.elapsed:.1f} s" if study.elapsed else ""
    out.print(plain(f"{study.shared or study.name}: {count_trials(study)}{took}", "bold"))
    best = study.best
    if best is None:
        out.print(plain("  no trial finished yet"))
    else:
        out.print(_table(study, best))
        for label, words in _lines(study, best):
            out.print(Padding(plain(f"{label:<11} {words}", longest=LARGEST), (0, 0, 0, 2), expand=False))
    for label, command in _commands(study, best).items():
        if command:
            out.print(Text.assemble((f"  {label:<11} ", "dim"), plain(command, "bold", LARGEST)), soft_wrap=True)


def _commands(study: Study, best: Trial | None) -> dict[str, str]:
    """Return what to type next, by its label."""
    commands = {}
    if study.status == "interrupted":
        commands["go on"] = "the same command again" if study.shared else f"dl tune --resume {study.name}"
    if best is None:
        return commands
    run = study.run(best).path
    place = {"test": f"dl test {run}"} if study.is_at_hand(best) else {"its run": f"{best.host}:{run}"}
    return commands | {"fit again": study.command} | place


def _table(study: Study, best: Trial) -> Table:
    """Return the best finished trials, and the recipe as it stands."""
    from dl.intervals import Estimate
    from dl.runs.wording import show_estimate
    from dl.tuning.study import FINISHED, best_of, describe_options

    left = [trial for trial in study.trials if trial.status == FINISHED]
    shown: list[Trial] = []
    while left and len(shown) < SHOWN and (found := best_of(left, study.metric, study.monitor)):
        shown.append(found)
        left.remove(found)
    shown += [trial for trial in left if trial.number == 1]
    table = Table(box=None, pad_edge=False, header_style="dim")
    numbers, by_loss = ("trial", "epoch", "loss"), study.monitor == "loss"
    where = ["where"] if study.shared else []
    for name in ("", "trial", study.metric.name, *(["loss"] if by_loss else []), "epoch", *where, "options"):
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=name != "options")
    for trial in shown:
        estimate = Estimate(float(trial.score or 0.0), trial.low, trial.high)
        options = plain(describe_options(study.space, trial), longest=LARGEST)
        mark = "  *" if trial.number == best.number else ""
        score = show_estimate(study.metric, estimate)
        loss = [show_number(trial.loss)] if by_loss else []
        place = [trial.host or "here"] if study.shared else []
        table.add_row(mark, str(trial.number), score, *loss, str(trial.best_epoch), *place, options)
    return table


def _lines(study: Study, best: Trial) -> list[tuple[str, str]]:
    """Return what follows from all trials, each with its label."""
    from dl.tuning.study import UNCHANGED, describe_options

    found: list[tuple[str, str]] = []
    if study.monitor == "loss":
        found.append(("chosen by", "the validation loss, as are the epochs (monitor=loss)"))
    if describe_options(study.space, best) == UNCHANGED:
        found.append(("the recipe", "as it stands is the best; no other trial beats it"))
    found.append(("the luck", _luck(study)))
    if study.importances:
        shares = {name: share for name, share in study.importances.items() if share >= LEAST_SHARE}
        found.append(("matters", ", ".join(f"{name} {100 * share:.0f} %" for name, share in shares.items())))
    return found


def _luck(study: Study) -> str:
    """Describe what the best score owes to being the best of many."""
    from dl.runs.manifest import MetricInfo
    from dl.runs.wording import show_value

    luck, metric = study.luck, study.metric
    at_hand = [trial for trial in study.trials if study.is_at_hand(trial)]
    whole = [trial for trial in at_hand if study.is_whole(trial)]
    if len(at_hand) < len(study.trials) and (luck is None or not at_hand):
        return "unknown: the outcomes of the trials lie on other machines"
    if luck is None:
        return "unknown: there are too few validation examples, or groups of them"
    if study.luck_of != metric.name:
        metric = MetricInfo("loss", False, 0.0, "mean")
    low, high = (show_value(metric, end).removesuffix(" %") for end in luck.interval)
    seen, corrected = show_value(metric, luck.naive), show_value(metric, luck.corrected)
    epochs = sum(trial.epochs for trial in whole)
    here = " that lie on this machine" if len(at_hand) < len(study.trials) else ""
    all_folds = " with all folds" if len(whole) < len(at_hand) else ""
    of = f"{metric.name} {seen} is the best of {epochs:,} epochs in {many(len(whole), 'trial')}{all_folds}{here}"
    return f"{of}; corrected for that choice {corrected} [{low}, {high}]"
