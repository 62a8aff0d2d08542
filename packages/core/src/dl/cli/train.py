"""The commands that need a network: fit, test, predict."""

from __future__ import annotations

import csv
import io
import os
import sys
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dl import files
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
    Which,
    hinting_at_flags,
    typed_choices,
    with_flags,
)
from dl.cli.json_output import error_document, last_document, print_document, print_json
from dl.cli.long_verbs import End, detachable, of_run
from dl.errors import BadOption, DLError
from dl.exit_codes import DONE, FAILED, of_signal
from dl.launch import MOST_PER_CORE, STOP_CODES, follow, is_first, is_started_elsewhere, launch, need_address
from dl.options import split_named, split_pairs
from dl.terminal import cell, console, plain, safe_lines, safe_text
from dl.version import PROJECT
from dl.words import many

if TYPE_CHECKING:
    from dl.inference.predict import Prediction
    from dl.limits import Limit
    from dl.plugins.registry import Plugins
    from dl.recipes.asked import Asked
    from dl.recipes.recipe import Recipe
    from dl.runs.ledger import TestEvaluation
    from dl.runs.run import Run


LONGEST_NAME = 40  # characters of a column's name
LONGEST_NOTE = 500  # characters of a cell
MOST_THRESHOLDS = 10  # of labels, on the screen


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(help=_FIT)(fit)
    app.command(help=_TEST)(test)
    app.command(help=_PREDICT)(predict)


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
    if (end := _on_each_device(context.obj, *_places(where, resume, runs), as_json=as_json)) is not None:
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
    from dl.plugins.loading import load_plugins
    from dl.recipes.asked import Asked
    from dl.recipes.resolve import named_options

    plugins = load_plugins()
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
        chosen = resolve_going_on(plugins, asked, from_run, runs)
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


def _places(where: tuple[str, str, str, str, int, str], resume: str, runs: Path) -> tuple[str, str, int]:
    """Return accelerator, devices and machines as typed; of a run that is resumed, those it had where none are."""
    accelerator, devices, _, _, nodes, _ = where
    if not resume or is_started_elsewhere(os.environ):
        return accelerator, devices, nodes
    from dl.training.devices import Devices
    from dl.training.resume import devices_of, find_resumable

    try:
        stored = devices_of(find_resumable(resume, runs), Devices(*where))
    except DLError:  # said once all that was typed is looked at
        return accelerator, devices, nodes
    return stored.accelerator, stored.devices, stored.num_nodes


def _on_each_device(arguments: list[str], accelerator: str, devices: str, nodes: int, *, as_json: bool) -> End | None:
    """Run these arguments in a process for each device, and return the end; None for one device.

    The document of the fit is that of the first process. One that was ended before it printed it has none: then this
    one prints how it ended.

    Raises:
        BadDevices: If this machine lacks the devices, or the machines of a fit on several are not named.
        TrainingFailed: If a process died, naming it.
    """
    if is_started_elsewhere(os.environ) or (devices in ("1", "auto") and accelerator == "cpu" and nodes == 1):
        return None
    count = int(devices) if accelerator == "cpu" and devices.isdecimal() and len(devices) < 4 else 0
    if not 1 <= count <= MOST_PER_CORE * (os.cpu_count() or 1):
        from dl.training.devices import Devices  # imports torch, which the process that watches does without

        count = Devices(accelerator, devices, num_nodes=nodes).count_here()
    if count * nodes == 1:
        return None
    need_address(os.environ, nodes)
    ended = launch(arguments, count, nodes, gathers=as_json)
    out = console(stderr=True)
    lines = ended.message.splitlines()
    for number, line in enumerate(lines):
        out.print(plain(line if number else f"dl: {line}", "" if number else "red", longest=2000), soft_wrap=True)
    why = lines[0] if lines else "stopped" if ended.code in STOP_CODES else ""
    if document := last_document(ended.output):
        print_document(document)
    elif as_json and (ended.code or is_first()):
        print_document(error_document(ended.code, "TrainingFailed" if lines else "KeyboardInterrupt", why))
    return End(ended.code, status="failed" if lines and not ended.told else "", verdict=lambda: why)


def resolve_going_on(plugins: Plugins, asked: Asked, from_run: str, runs: Path) -> Recipe:
    """Resolve a fit, from the start or from a run.

    Raises:
        DLError: For a choice that does not fit.
    """
    if not from_run:
        return asked.resolved(plugins)
    from dl.runs.run import open_run
    from dl.training.origin import resolve_from

    return resolve_from(plugins, open_run(from_run, runs), asked)


def finish(run: Run, plugins: Plugins, limit: Limit | None = None, *, as_json: bool) -> End:
    """Print what a finished or interrupted run reached, as JSON or as its report; return its end.

    A run that is still running is one whose end could not be written.

    Args:
        run: That has ended.
        plugins: The registered plugins.
        limit: Of time, which ended it as a signal does; None where it was no signal.
        as_json: Whether JSON is printed.
    """
    manifest = run.manifest
    if as_json:
        ended = {"run": str(run.path), "status": manifest.status, "message": manifest.message}
        print_json({**ended, "best": run.best})
    else:
        report(run, plugins)
    code = limit.code_of(manifest.signal) if limit else of_signal(manifest.signal)
    return of_run(run, FAILED if manifest.status == "running" else code, lambda: _verdict(run, plugins))


def _verdict(run: Run, plugins: Plugins) -> str:
    """Return the verdict on a run; empty where there is none."""
    try:
        return run.report(plugins=plugins).verdict
    except DLError:
        return ""


def report(run: Run, plugins: Plugins) -> None:
    """Print the report of a fit, and store it in the run folder as text."""
    from dl.runs.render import render_report

    out = console(record=True)
    if not render_report(run, out, plugins):
        out.print(plain(f"wrote {run.path}; install {PROJECT}-reports for a report"))
    files.write_text(run.path / "report.txt", out.export_text())


_TEST = """Evaluate a run on the test set, once.

Example: dl test last

Every evaluation is recorded in the ledger; a second one of a test set, by whichever run, needs --again.
"""


def test(
    run: Which = "last",
    runs: Runs = DEFAULT_RUNS,
    again: Annotated[bool, typer.Option("--again", help="Look at a test set that was evaluated before.")] = False,
    as_json: Json = False,
) -> None:
    """Evaluate on the test set, as `dl.evaluate`."""
    import dl

    with redirect_stdout(sys.stderr):
        evaluation = dl.evaluate(run, runs=runs, again=again)
    if as_json:
        print_json(evaluation.as_dict())
    else:
        _show_evaluation(console(), evaluation)


def _show_evaluation(out: Console, evaluation: TestEvaluation) -> None:
    from dl.runs.manifest import HALF
    from dl.runs.wording import show_estimate, show_probability, show_share

    size = many(evaluation.examples, "example") + (
        f" in {many(evaluation.groups, 'group')}" if evaluation.groups else ""
    )
    out.print(plain(f"{evaluation.run} on the test set of {evaluation.data}, {size}", "bold"))
    score = show_estimate(evaluation.info, evaluation.score)
    out.print(f"  {evaluation.metric}  {score}    loss {evaluation.loss:.4f}")
    others = {name: value for name, value in evaluation.metrics.items() if name != evaluation.metric}
    if others:
        out.print(_indented("   ".join(f"{name} {value:.4f}" for name, value in others.items())))
    for one in [one for one in evaluation.decided if one.threshold != HALF][:MOST_THRESHOLDS]:
        shares = (
            f"{name} {show_share(share)}" for name, share in (("recall", one.recall), ("precision", one.precision))
        )
        name = safe_lines(one.name)
        out.print(_indented(f"{name!r} from {show_probability(one.threshold)} on: {', '.join(shares)}"))
    if evaluation.in_training:
        count = many(evaluation.in_training, "test example is", "test examples are")
        out.print(f"  ! {count} also in the training data, bit for bit", style="bold red")
    out.print(
        _indented(f"evaluation {evaluation.look} on this test set; each further one makes the score less reliable")
    )


def _indented(text: str) -> Padding:
    """Indent every line of a wrapped text."""
    return Padding(plain(text, longest=500), (0, 0, 0, 2), expand=False)


_PREDICT = """Predict new inputs, or generate text from a prompt. Inputs are files, folders, tables, or texts.

Example: dl predict last photo.png

Inputs are read with the data options of the run; override them by key=value: input, encoding, header, quotes,
bad_rows, bad_files.

A run of the task next-token generates text: dl predict last --text "Once upon" --tokens 200
A run of the task next-frame writes the frames that follow as PNG files: dl predict last film --ahead 3 --out next
"""
OUT = Path("next-frames")


def predict(
    run: Which,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]... [KEY=VALUE]...", help="Files, folders or tables; - reads stdin."),
    ] = None,
    text: Annotated[list[str] | None, typer.Option("--text", help="Text or prompt; repeatable.")] = None,
    input_: Input = "",
    encoding: Encoding = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    tokens: Annotated[int | None, typer.Option(help="Next-token: number of tokens to generate. [200]")] = None,
    temperature: Annotated[
        float | None, typer.Option(help="Next-token: sampling temperature; 0 takes the most probable token. [0.8]")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Next-token: seed of the sampling. [0]")] = None,
    beam: Annotated[int | None, typer.Option(help="Ctc: width of a beam search for the most probable string.")] = None,
    ahead: Annotated[int | None, typer.Option(help="Next-frame: number of frames to predict. [1]")] = None,
    out: Annotated[Path | None, typer.Option(help=f"Next-frame: folder for the frames. [{OUT}]")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse inputs with what the training set lacks.")] = False,
    features: Annotated[bool, typer.Option("--features", help="Print codes, or what the last layer reads.")] = False,
) -> None:
    """Predict, as `dl.predict`."""
    import dl

    pairs = [word for word in paths or [] if "=" in word and not os.path.exists(word)]  # noqa: PTH110 - as in choose
    options = with_flags(split_pairs(pairs), {"input": input_, "encoding": encoding})
    sources = [Path(word) for word in paths or [] if word not in pairs]
    sampling = {"tokens": tokens, "temperature": temperature, "seed": seed, "beam": beam, "ahead": ahead}
    if features:
        given = {"texts": text or [], "runs": runs, "strict": strict, **options}
        _print_features(run, sources, given, sampling, as_json)
        return
    with redirect_stdout(sys.stderr):
        answers = dl.predict(run, sources, texts=text or [], runs=runs, strict=strict, **sampling, **options)  # type: ignore[arg-type]  # key=value
    if out is not None or any(answer.frames is not None for answer in answers):
        answers = _write_frames(answers, out, run)
    if as_json:
        print_json([{k: v for k, v in asdict(answer).items() if k != "frames"} for answer in answers])
    elif as_csv:
        print(_csv(answers), end="")
    elif all(not answer.values and answer.frames is None for answer in answers):
        _print_texts(answers)
    else:
        console().print(_table(answers))
    _show_thresholds(run, runs)


def _write_frames(answers: list[Prediction], out: Path | None, run: Which) -> list[Prediction]:
    """Write the frames of each prediction into a folder, and return the predictions with the files as answers.

    Raises:
        BadOption: If there are no frames, or a file is there already, or would be written twice.
    """
    from dl.inference.frames import write_frames

    if any(answer.frames is None for answer in answers):
        raise BadOption(f"--out is for runs of next-frame, which predict frames; {run} does not")
    pairs = [(answer.answer.split(", "), answer.frames) for answer in answers if answer.frames is not None]
    written = write_frames(pairs, out or OUT)
    return [replace(answer, answer=", ".join(paths)) for answer, paths in zip(answers, written, strict=True)]


def _print_features(
    run: Which, sources: list[Path], given: dict[str, Any], asked: dict[str, float | int | None], as_json: bool
) -> None:
    """Print the features of inputs as CSV, or JSON: a row for each input. Any: arguments of `features`.

    Raises:
        BadOption: For an option that changes answers alone.
    """
    from dl.inference.predict import features

    for name, value in asked.items():
        if value is not None:
            raise BadOption(f"--{name} changes answers, and --features prints none; leave one of them out")
    with redirect_stdout(sys.stderr):
        found = features(run, sources, **given)
    if as_json:
        print_json({"sources": found.sources, "names": found.names, "values": found.values.tolist()})
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["source", *found.names])
    for source, row in zip(found.sources, found.values, strict=True):
        writer.writerow([cell(source), *(f"{value:.6g}" for value in row.tolist())])


def _show_thresholds(run: Which, runs: Path) -> None:
    """Print from which probabilities on the answers are yes, where that is not one half."""
    from dl.runs.report import find_run
    from dl.runs.wording import show_thresholds

    if line := show_thresholds(find_run(run, runs).manifest.task):
        console(stderr=True).print(plain(f"threshold: {line}", longest=LONGEST_NOTE))


def _print_texts(answers: list[Prediction]) -> None:
    """Print generated texts after their prompts, line by line."""
    out = console()
    for number, answer in enumerate(answers):
        if number:
            out.print()
        text = Text(safe_lines(answer.source), "bold").append(safe_lines(answer.answer), "not bold")
        out.print(text, soft_wrap=True)


def _csv(answers: list[Prediction]) -> str:
    """Return one row for each input, with the notes in the last column; that of a skipped one is empty but for them."""
    stream = io.StringIO()
    names = next((list(answer.values) for answer in answers if answer.values), [])
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(cell, ["source", "answer", *names, "notes"]))
    for answer in answers:
        numbers = [f"{answer.values[name]:.6g}" if answer.values else "" for name in names]
        writer.writerow([cell(answer.source), cell(answer.answer), *numbers, cell("; ".join(answer.notes))])
    return stream.getvalue()


def _table(answers: list[Prediction]) -> Table:
    """Return the predictions with the likeliest classes, of several targets an answer for each, and with notes."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    heads = next((list(answer.heads) for answer in answers if answer.heads), [])
    shows_values = not (heads or all(map(_only_repeats, answers)))
    columns = [("input", True), *((name, True) for name in heads or ["answer"]), ("values", shows_values)]
    columns.append(("notes", any(answer.notes for answer in answers)))
    for name in (name for name, shown in columns if shown):
        table.add_column(safe_text(name, LONGEST_NAME), overflow="fold")
    for answer in answers:
        likely = sorted(answer.values.items(), key=lambda item: -item[1])[:3]
        values = ", ".join(f"{name} {value:.3g}" for name, value in likely)
        words = [_of_head(answer, name) for name in heads] if heads else [answer.answer]
        cells = (answer.source, *words, values, "; ".join(answer.notes))
        shown = zip(columns, cells, strict=True)
        table.add_row(*(plain(text, longest=LONGEST_NOTE) for (_, shows), text in shown if shows))
    return table


def _of_head(answer: Prediction, head: str) -> str:
    """Return the answer to one of several targets; of a class with its probability."""
    words = answer.heads.get(head, "")
    probability = answer.values.get(f"{head}={words}")
    return words if probability is None else f"{words} ({probability:.3g})"


def _only_repeats(answer: Prediction) -> bool:
    """Return whether the values are no more than the answer: one number, or nothing."""
    return not answer.values or [answer.answer] == [f"{value:.4g}" for value in answer.values.values()]
