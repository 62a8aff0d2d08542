"""The verbs that need a network: fit, test, predict."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dl import files
from dl.cli.flags import (
    DEFAULT_RUNS,
    DataDir,
    Encoding,
    GroupOn,
    Input,
    Json,
    Runs,
    Target,
    TimeOn,
    Which,
    flag_meant,
    with_flags,
)
from dl.errors import BadOption
from dl.options import split_named, split_pairs
from dl.terminal import cell, console, plain, safe_lines
from dl.words import many

if TYPE_CHECKING:
    from dl.inference.predict import Prediction
    from dl.plugins.registry import Plugins
    from dl.runs.ledger import TestEvaluation
    from dl.runs.run import Run


def add_to(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command(help=_FIT)(fit)
    app.command(help=_TEST)(test)
    app.command(help=_PREDICT)(predict)


_FIT = """Train a network and be told whether it overfits.

Example: dl fit vision mnist --model dense width=256 epochs=3

Further choices are key=value: of training (epochs, batch_size, lr, ...), of the split (val, duplicates), of the model
and of the data. See them with: dl show convnet
"""


# What `fit` takes as flags alone; a model may still have an option of such a name.
FLAGS = frozenset(
    (
        "accelerator",
        "devices",
        "logger",
        "max_time",
        "model",
        "num_nodes",
        "precision",
        "recipe",
        "reg",
        "runs",
        "seed",
        "strategy",
        "task",
    )
)


def fit(
    domain: Annotated[str, typer.Argument(help="vision, ...; see: dl ls domains")] = "",
    data: Annotated[str, typer.Argument(help="Name of a data set, or a path to your own.")] = "",
    options: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Further choices.")] = None,
    model: Annotated[str, typer.Option(help="Name of a model; see: dl ls models")] = "",
    recipe: Annotated[str, typer.Option(help="Name of a recipe, or a recipe file; see: dl ls recipes")] = "",
    reg: Annotated[
        list[str] | None,
        typer.Option(help="A regularizer: dropout=0.5, l2=1e-4, ...; may be given again.", metavar="NAME=VALUE"),
    ] = None,
    logger: Annotated[
        list[str] | None,
        typer.Option(help="Is told each epoch's numbers: csv, tensorboard, ...; may be given again.", metavar="NAME"),
    ] = None,
    input_: Input = "",
    target: Target = "",
    group_on: GroupOn = "",
    time_on: TimeOn = "",
    encoding: Encoding = "",
    data_dir: DataDir = "",
    task: Annotated[
        str,
        typer.Option(
            help="binary, multiclass, multilabel, regression, unit-regression or next-token; found by itself."
        ),
    ] = "",
    seed: Annotated[int | None, typer.Option(help="Of every random draw.")] = None,
    accelerator: Annotated[str, typer.Option(help="auto, cpu, gpu, ...")] = "auto",
    devices: Annotated[str, typer.Option(help="How many, or auto.")] = "auto",
    strategy: Annotated[str, typer.Option(help="auto, ddp, fsdp, ...")] = "auto",
    precision: Annotated[str, typer.Option(help="32-true, bf16-mixed, 16-mixed, 64-true, ...")] = "32-true",
    num_nodes: Annotated[int, typer.Option(help="Machines.")] = 1,
    max_time: Annotated[str, typer.Option(help="Longest training time, DD:HH:MM:SS.")] = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> int:
    """Train: the road is `dl.fit`."""
    pairs = [word for word in (domain, data) if "=" in word] + (options or [])
    domain, data = ("" if "=" in word else word for word in (domain, data))
    flags = {"input": input_, "target": target, "group_on": group_on, "time_on": time_on, "encoding": encoding}
    flags["data_dir"] = data_dir
    typed = with_flags(split_pairs(pairs), flags)
    from dl.plugins.loading import load_plugins
    from dl.recipes.resolve import named_options, resolve

    plugins = load_plugins()
    loggers = named_options(plugins, split_named(logger or []))
    named = split_named(reg or [])
    said = {"recipe": recipe, "model": model, "task": task}
    try:
        chosen = resolve(plugins, domain, data, seed=seed, options=typed, reg=named, **said)
    except BadOption as error:
        if meant := flag_meant(typed, FLAGS):
            raise BadOption(meant) from error
        raise
    from dl.training.devices import Devices, is_first_device
    from dl.training.run_fit import fit_recipe

    where = Devices(accelerator, devices, strategy, precision, num_nodes, max_time)
    with redirect_stdout(sys.stderr):  # what a network prints is no result
        run = fit_recipe(chosen, plugins, where, runs, console(stderr=True), loggers)
    if not is_first_device():
        return 0
    if as_json:
        manifest = run.manifest
        print(json.dumps({"run": str(run.path), "status": manifest.status, "best": run.best}))
    else:
        _report(run, plugins)
    return 128 + run.manifest.signal if run.manifest.signal else 0


def _report(run: Run, plugins: Plugins) -> None:
    """Print the report of a fit, and keep it with the run as text."""
    from dl.runs.render import render_report

    out = console(record=True)
    if not render_report(run, out, plugins):
        out.print(plain(f"kept in {run.path}; for a report install dl-reports"))
    files.write_text(run.path / "report.txt", out.export_text())


_TEST = """Score a run on the test part, once. The look is written into the ledger.

Example: dl test last
"""


def test(run: Which = "last", runs: Runs = DEFAULT_RUNS, as_json: Json = False) -> None:
    """Test: `dl.evaluate`."""
    import dl

    with redirect_stdout(sys.stderr):
        look = dl.evaluate(run, runs=runs)
    if as_json:
        print(look.to_json())
    else:
        _show_look(console(), look)


def _show_look(out: Console, look: TestEvaluation) -> None:
    from dl.runs.wording import show_estimate

    out.print(plain(f"{look.run} on the test part of {look.data}, {many(look.examples, 'example')}", "bold"))
    out.print(f"  {look.metric}  {show_estimate(look.info, look.score)}    loss {look.loss:.4f}")
    rest = {name: value for name, value in look.metrics.items() if name != look.metric}
    if rest:
        out.print(_inside("   ".join(f"{name} {value:.4f}" for name, value in rest.items())))
    if look.in_training:
        stand = many(look.in_training, "test example also stands", "test examples also stand")
        out.print(
            f"  ! {stand} in the training data, bit for bit",
            style="bold red",
        )
    out.print(_inside(f"look {look.look} at this test part; each further one makes the score a little less honest"))


def _inside(text: str) -> Padding:
    """Indent text, in every line that it takes."""
    return Padding(plain(text, longest=500), (0, 0, 0, 2), expand=False)


_PREDICT = """Say what a run answers to new inputs, or go on with a text. Inputs are files, folders, tables, or texts.

Example: dl predict last photo.png

They are read as the run's own data was; what is otherwise about them is key=value: input, encoding, header, quotes,
bad_rows, bad_files.
A run of the task next-token goes on with each text: dl predict last --text "Once upon" --tokens 200
"""


def predict(
    run: Which,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH]... [KEY=VALUE]...", help="Files, folders, or tables; - reads stdin."),
    ] = None,
    text: Annotated[list[str] | None, typer.Option("--text", help="A text itself; may be given again.")] = None,
    input_: Input = "",
    encoding: Encoding = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    tokens: Annotated[int | None, typer.Option(help="Of next-token: how many tokens more. [200]")] = None,
    temperature: Annotated[
        float | None, typer.Option(help="Of next-token: below 1 is surer, 0 takes the likeliest. [0.8]")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of next-token: of the draws. [0]")] = None,
) -> None:
    """Predict: `dl.predict`."""
    import dl

    pairs = [word for word in paths or [] if "=" in word and not os.path.exists(word)]  # noqa: PTH110 - as in choose
    options = with_flags(split_pairs(pairs), {"input": input_, "encoding": encoding})
    sources = [word for word in paths or [] if word not in pairs]
    drawn = {"tokens": tokens, "temperature": temperature, "seed": seed}
    with redirect_stdout(sys.stderr):
        answers = dl.predict(run, sources, texts=text or [], runs=runs, **drawn, **options)  # type: ignore[arg-type]  # key=value
    if as_json:
        print(json.dumps([{"source": a.source, "answer": a.answer, "values": a.values} for a in answers]))
    elif as_csv:
        print(_csv(answers), end="")
    elif all(not answer.values for answer in answers):
        _print_texts(answers)
    else:
        console().print(_table(answers))


def _print_texts(answers: list[Prediction]) -> None:
    """Print texts that were gone on with, the prompt first, line by line as they are."""
    out = console()
    for number, answer in enumerate(answers):
        if number:
            out.print()
        text = Text(safe_lines(answer.source), "bold").append(safe_lines(answer.answer), "not bold")
        out.print(text, soft_wrap=True)


def _csv(answers: list[Prediction]) -> str:
    stream = io.StringIO()
    names = list(answers[0].values) if answers else []
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(cell, ["source", "answer", *names]))
    writer.writerows([cell(a.source), cell(a.answer), *(f"{a.values[name]:.6g}" for name in names)] for a in answers)
    return stream.getvalue()


def _table(answers: list[Prediction]) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for name in ("input", "answer", "how sure"):
        table.add_column(name, overflow="fold")
    for answer in answers:
        likely = sorted(answer.values.items(), key=lambda item: -item[1])[:3]
        table.add_row(plain(answer.source), plain(answer.answer), plain(", ".join(f"{n} {v:.3g}" for n, v in likely)))
    return table
