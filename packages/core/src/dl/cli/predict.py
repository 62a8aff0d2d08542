"""The verb predict: answer new inputs, go on with a text, or print features."""

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
from rich.table import Table
from rich.text import Text

from dl.cli.flags import DEFAULT_RUNS, Encoding, Input, Json, Runs, Which, with_flags
from dl.cli.json_output import print_json
from dl.errors import BadOption
from dl.options import split_pairs
from dl.terminal import cell, console, plain, safe_lines, safe_text

if TYPE_CHECKING:
    from dl.inference.predict import Prediction


LONGEST_NAME = 40  # characters of a column's name
LONGEST_NOTE = 500  # characters of a cell


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_PREDICT)(predict)


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
