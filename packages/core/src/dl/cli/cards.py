"""The cards of `dl show`: a data set, a model, a regularizer, a recipe or a run."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rich.columns import Columns
from rich.console import Console, Group
from rich.constrain import Constrain
from rich.table import Table
from rich.text import Text

from dl import files
from dl.cli.json_output import print_json
from dl.data.paths import looks_like_file
from dl.errors import BadOption, UnknownName, nearest
from dl.options import Option, format_value
from dl.plugins.model_file import FileName, model_of_file, short_model
from dl.plugins.registered import registered
from dl.plugins.registry import Plugins
from dl.recipes.recipe import OF_LEARNERS, SPLIT_OPTIONS
from dl.recipes.resolve import looks_like_path, resolve, train_options
from dl.runs.render import render_report
from dl.runs.run import Run, names_run, open_run
from dl.runs.wording import show_findings
from dl.terminal import console, plain
from dl.words import show_number, show_percent

if TYPE_CHECKING:
    from dl.data.columns import ColumnSummary
    from dl.data.examples import Examples
    from dl.specs import RegularizerSpec, TaskSpec

_Spec = TypeVar("_Spec")

KINDS = ("dataset", "model", "task", "regularizer", "recipe", "run")
DRAWN = 4  # examples on a card
LONGEST_LINE = 10_000  # of a recipe
MOST_CLASSES = 20  # listed on a card
MOST_COLUMNS = 30  # of a table on a card
LEAST_NAME, OTHERS = 18, 62  # characters of a column's name, and of all that stands beside it


@dataclass(frozen=True)
class Reading:
    """The user's options for reading data.

    Args:
        task: To read it for; empty to infer it.
        options: Of the domain and the data set, unchecked.
    """

    task: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def show_named(words: list[str], out: Path | None, runs: Path, reading: Reading, *, as_json: bool) -> None:
    """Show everything with this name, or the one named by ``[kind, name]``.

    Raises:
        UnknownName: If nothing has this name.
        BadOption: If the name is ambiguous, or the kind unknown.
    """
    if len(words) > 2 or (len(words) == 2 and words[0] not in KINDS):
        raise BadOption(f"{' '.join(words)!r}: expected a name, or one of {', '.join(KINDS)} and a name")
    plugins, name = registered(), words[-1]
    kinds = [words[0]] if len(words) == 2 else _kinds_of(name, plugins, runs)
    if not kinds:
        known = [known for _, known in (*plugins.datasets, *plugins.models, *plugins.recipes)] + [
            *plugins.tasks,
            *plugins.regularizers,
        ]
        raise UnknownName(f"nothing is named {name!r}{nearest(name, known)}  see: dl ls")
    if len(kinds) > 1 and (as_json or out):
        raise BadOption(f"{name!r} is a {' and a '.join(kinds)}; choose one: dl show {kinds[0]} {name}")
    if kinds != ["dataset"] and (reading.task or reading.options):
        option = next(iter(reading.options), "task")
        raise BadOption(f"{option!r} is an option for reading data; {name!r} is a {' and a '.join(kinds)}")
    show: dict[str, Callable[[], None]] = {
        "dataset": lambda: show_dataset(name, plugins, reading, as_json=as_json),
        "model": lambda: show_model(name, plugins, as_json=as_json),
        "task": lambda: show_task(plugins.task(name), plugins, as_json=as_json),
        "regularizer": lambda: show_regularizer(plugins.regularizers[name], plugins, as_json=as_json),
        "recipe": lambda: show_recipe(name, plugins, out, as_json=as_json),
        "run": lambda: show_run(open_run(name, runs), plugins, as_json=as_json),
    }
    for kind in kinds:
        show[kind]()


def _kinds_of(name: str, plugins: Plugins, runs: Path) -> list[str]:
    if FileName.of(name):
        return ["model"]
    named = {"dataset": plugins.datasets, "model": plugins.models, "recipe": plugins.recipes}
    kinds = [kind for kind, specs in named.items() if any(name in (known, f"{home}/{known}") for home, known in specs)]
    kinds += ["task"] if name in plugins.tasks else []
    kinds += ["regularizer"] if name in plugins.regularizers else []
    if not kinds and names_run(name, runs):
        return ["run"]
    return kinds or (["dataset"] if _may_be_data(name) else [])


def _may_be_data(name: str) -> bool:
    return looks_like_path(name) or looks_like_file(name) or _exists(name)


def _exists(name: str) -> bool:
    return os.path.lexists(name)  # a broken link gets an error of its own


def show_dataset(name: str, plugins: Plugins, reading: Reading, *, as_json: bool) -> None:
    """Print the card of a data set: inferred task, counts, classes, licence, and a few examples."""
    from dl.data.columns import summarize_columns
    from dl.data.examples import describe_inputs, row_of
    from dl.recipes.recognize import recognize_domain
    from dl.splits.copies import example_keys
    from dl.splits.leakage import duplicate_groups
    from dl.splits.partition import load_dataset
    from dl.splits.sight import check_unsplit
    from dl.tasks.table import decide

    chosen = recognize_domain(name, plugins, reading.options)
    recipe = resolve(plugins, chosen, name, task=reading.task, options=reading.options)
    domain = plugins.domain(recipe.domain).load()
    dataset = load_dataset(recipe, plugins, domain)
    examples = dataset.train
    found = check_unsplit(dataset)
    task = decide(examples.targets, examples.names, recipe.task, tasks=plugins.tasks).info
    duplicates = len(examples) - 1 - int(duplicate_groups(example_keys(examples)).max(initial=-1))
    card = {
        "name": dataset.name,
        "title": dataset.title,
        "domain": chosen if (chosen, name) in plugins.datasets else f"{chosen}, inferred",
        "task": f"{task.name}: {task.reason}",
        "train": len(examples),
        "validation": len(dataset.val) if dataset.val else _held_out(dataset.val_size),
        "test": "closed; dl test opens it" if dataset.open_test else "none",
        "input": describe_inputs(examples.inputs),
        "duplicates": duplicates,
        "licence": dataset.licence,
        "source": dataset.source,
        "skipped": _skipped(dataset.skipped),
    }
    columns = summarize_columns(examples)
    classes = dict(zip(task.names, _counts(examples, len(task.names)), strict=False))
    if as_json:
        card["skipped"] = len(dataset.skipped)
        told = {"names": list(task.names), "notes": list(dataset.notes), "findings": [one.as_dict() for one in found]}
        listed = {"columns": [asdict(one) for one in columns]} if columns else {}
        print_json(card | {"classes": classes} | told | listed)
        return
    out = console()
    repeated = f"{duplicates:,} of {len(examples):,}" if duplicates else "none"
    rows = [*(card | {"duplicates": f"{repeated}, bit for bit"}).items()]
    if classes:
        shown = [f"{key} {count:,}" for key, count in list(classes.items())[:MOST_CLASSES]]
        more = f"; and {len(classes) - MOST_CLASSES} more" if len(classes) > MOST_CLASSES else ""
        rows.append(("labels" if examples.targets.ndim == 2 else "classes", f"{'; '.join(shown)}{more}"))
    out.print(_facts([*rows, *(("note", note) for note in dataset.notes)]))
    if columns:
        out.print(_column_table(columns, out.width))
    show_findings(out, found)
    width = min(max(out.width // DRAWN - 2, 8), 28)
    at = [k * (len(examples) - 1) // max(DRAWN - 1, 1) for k in range(min(DRAWN, len(examples)))]
    drawn = [Group(domain.draw(row_of(examples.inputs, k), width), _answer(examples, k, width)) for k in at]
    out.print(Columns([Constrain(one, width) for one in drawn], padding=(0, 2)))
    out.print(plain(f"  next: {_next(recipe.domain, name, reading)}", "dim", longest=LONGEST_LINE))


def _column_table(columns: Sequence[ColumnSummary], width: int) -> Table:
    """Return a table of the columns; of many, those that tell the most of the target."""
    kept = sorted(columns, key=lambda one: -one.told)[:MOST_COLUMNS]
    shown = [one for one in columns if one in kept] if len(columns) > MOST_COLUMNS else columns
    more = f"; the {MOST_COLUMNS} that tell the most, of {len(columns):,}" if len(columns) > MOST_COLUMNS else ""
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 1),
        header_style="dim",
        caption=f"  tells: share of the target's variance that the column alone tells{more}",
        caption_justify="left",
    )
    table.add_column("  column", max_width=max(width - OTHERS, LEAST_NAME), no_wrap=True, overflow="ellipsis")
    table.add_column("kind", no_wrap=True)
    table.add_column("missing", justify="right", no_wrap=True)
    table.add_column("range", max_width=18, no_wrap=True, overflow="ellipsis")
    table.add_column("values", no_wrap=True)
    table.add_column("tells", justify="right", no_wrap=True)
    for one in shown:
        missing = _share(one.missing) if one.missing else "-"
        name, kind, values = plain(f"  {one.name}"), plain(one.kind), plain(one.range)
        table.add_row(name, kind, missing, values, plain(one.histogram), _share(one.told))
    return table


def _share(value: float) -> str:
    """Return a share as a percentage: below one, with a decimal."""
    return f"{100 * value:.1f} %" if 0 < value < 0.01 else f"{100 * value:.0f} %"


def _counts(examples: Examples, names: int) -> list[int]:
    """Count the examples of each class, or with each label; empty for a regression."""
    import numpy as np

    from dl.data.queries import are_ranked

    if are_ranked(examples) or not np.issubdtype(examples.targets.dtype, np.integer):
        return []
    if examples.targets.ndim == 2:
        return [int(count) for count in examples.targets.sum(axis=0, dtype=np.int64)]
    return [int(count) for count in np.bincount(examples.targets.astype(np.int64), minlength=names)]


def _answer(examples: Examples, position: int, width: int) -> Text:
    """Return the target of one example as text."""
    import numpy as np

    from dl.data.heads import heads_of, in_words
    from dl.data.queries import RELEVANCE, are_ranked

    target = examples.targets[position]
    if are_ranked(examples):
        words = f"relevance {target[RELEVANCE]}"
    elif heads := heads_of(examples.names):
        words = in_words(heads, target)
    elif np.issubdtype(target.dtype, np.integer) and examples.names:
        chosen = np.flatnonzero(target) if target.ndim else [int(target)]
        words = ", ".join(examples.names[k] for k in chosen) or "no label"
    elif np.issubdtype(target.dtype, np.integer):
        words = ", ".join(map(str, np.atleast_1d(target).tolist()))
    else:
        words = ", ".join(show_number(value) for value in np.atleast_1d(target).tolist())
    return plain(words, "dim", longest=width)


def _skipped(lines: Sequence[str]) -> str:
    """Return the number of files or rows left out, and the first of them."""
    return f"{len(lines):,}: {'; '.join(lines[:3])}{'; ...' if len(lines) > 3 else ''}" if lines else ""


def _next(domain: str, name: str, reading: Reading) -> str:
    """Return the command that trains on the shown data, with the same options."""
    task = ["--task", reading.task] if reading.task else []
    return shlex.join(["dl", "fit", domain, name, *task, *(f"{key}={value}" for key, value in reading.options.items())])


def show_model(name: str, plugins: Plugins, *, as_json: bool) -> None:
    """Print a model's options."""
    spec = model_of_file(name, "any domain") or _one_of_several("model", name, plugins.models)
    homes = [plugins.domains[spec.domain]] if spec.domain in plugins.domains else []
    reading = tuple(option for home in homes for option in home.options)
    training = OF_LEARNERS if spec.is_learner else train_options(*homes, spec)
    groups = {"model": spec.options, "training": training, "split": SPLIT_OPTIONS, "data": reading}
    if as_json:
        listed = {group: [asdict(option) for option in options] for group, options in groups.items()}
        about = {"name": spec.name, "domain": spec.domain, "description": spec.description}
        print_json(about | {"options": listed})
        return
    out = console()
    out.print(plain(f"{short_model(spec.name)} ({spec.domain}): {spec.description}", "bold"))
    for group, options in groups.items():
        _print_options(out, group, options)
    data = f"{spec.domain} {_some_data(plugins, spec.domain)}" if spec.domain in plugins.domains else "vision digits"
    few = "" if spec.is_learner else " epochs=2"
    out.print(plain(f"  example: dl fit {data} --model {name if FileName.of(name) else spec.name}{few}", "dim"))


def show_task(spec: TaskSpec, plugins: Plugins, *, as_json: bool) -> None:
    """Print the target, loss and metrics of a task."""
    from dl.tasks.table import loss_name

    row = spec.load()
    card = {
        "name": spec.name,
        "description": spec.description,
        "target": f"{row.target}; a table's is read as {spec.target_as}",
        "loss": loss_name(row.loss).replace("_", " "),
        "headline": row.metrics[0].info.name,
        "metrics": ", ".join(metric.info.name for metric in row.metrics),
        "losses": ", ".join(f"loss={name}" for name in row.losses),
    }
    if as_json:
        print_json(card)
        return
    out = console()
    out.print(plain(f"{spec.name}: {spec.description}", "bold"))
    out.print(_facts([*card.items()][2:]))
    domain = next(iter(plugins.domains), "tabular")
    out.print(plain(f"  example: dl fit {domain} DATA --task {spec.name}", "dim"))


def show_regularizer(spec: RegularizerSpec, plugins: Plugins, *, as_json: bool) -> None:
    """Print the place of a regularizer and its options."""
    if as_json:
        listed = {key: value for key, value in asdict(spec).items() if key != "build"}
        print_json(listed)
        return
    out = console()
    out.print(plain(f"{spec.name} ({spec.place}): {spec.description}", "bold"))
    _print_options(out, "options; a value without a name sets the first", spec.options)
    domain = spec.only_for or next(iter(plugins.domains), "vision")
    value = f"={spec.remedy or format_value(spec.options[0].default)}" if spec.options else ""
    data = _some_data(plugins, domain)
    out.print(plain(f"  example: dl fit {domain} {data} --reg {spec.name}{value}", "dim"))


def show_recipe(name: str, plugins: Plugins, out: Path | None, *, as_json: bool) -> None:
    """Print a recipe's text, or copy it to a file."""
    spec = _one_of_several("recipe", name, plugins.recipes)
    if out is not None:
        files.write_text(out, spec.text)
        data = _some_data(plugins, spec.domain)
        console().print(plain(f"wrote {out}  next: dl fit {spec.domain} {data} --recipe {out}"))
    elif as_json:
        about = {"name": spec.name, "domain": spec.domain, "description": spec.description}
        print_json(about | {"toml": spec.text})
    else:
        for line in spec.text.splitlines():
            console().print(plain(line, longest=LONGEST_LINE), soft_wrap=True)


def _one_of_several(kind: str, name: str, specs: Mapping[tuple[str, str], _Spec]) -> _Spec:
    """Return the specification of a name, or of ``domain/name``.

    Raises:
        UnknownName: If there is none.
        BadOption: If several domains have one.
    """
    found = {domain: spec for (domain, known), spec in specs.items() if name in (known, f"{domain}/{known}")}
    if not found:
        raise UnknownName(f"no {kind} named {name!r}{nearest(name, [n for _, n in specs])}  see: dl ls {kind}s")
    if len(found) > 1:
        raise BadOption(
            f"{name!r} is a {kind} of several domains; choose one: dl show {kind} {next(iter(found))}/{name}"
        )
    return next(iter(found.values()))


def show_run(run: Run, plugins: Plugins, *, as_json: bool) -> None:
    """Print a run: its report, or its manifest as JSON."""
    if as_json:
        print_json(asdict(run.manifest) | {"best": run.best})
    elif not render_report(run, console(), plugins):
        console().print(_facts([("run", run.name), ("status", run.manifest.status)]))


def _some_data(plugins: Plugins, domain: str) -> str:
    """Return a data set of a domain for an example command; FOLDER if there is none."""
    return next((name for home, name in plugins.datasets if home == domain), "FOLDER")


def _held_out(size: float) -> str:
    """Describe the default size of the validation set: a share below 1, or a number of examples."""
    return f"{show_percent(size)} of train, held out" if size < 1 else f"{size:,.0f} of train, held out"


def _facts(facts: Iterable[tuple[str, object]]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        if value not in ("", 0):
            table.add_row(f"  {name}", plain(f"{value:,}" if isinstance(value, int) else value, longest=LONGEST_LINE))
    return table


def _print_options(out: Console, group: str, options: tuple[Option, ...]) -> None:
    if not options:
        return
    out.print(plain(f"  {group}", "dim"))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    for option in options:
        table.add_row(f"    {option.name}={option.default}", option.help)
    out.print(table)
