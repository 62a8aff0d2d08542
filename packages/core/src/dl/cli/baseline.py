"""The verb baseline: what a network has to beat."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from dl.cli.flags import (
    DEFAULT_RUNS,
    Data,
    DataDir,
    DomainName,
    Encoding,
    Further,
    GroupOn,
    Input,
    Json,
    MaxTime,
    Runs,
    Seed,
    SequenceOn,
    Target,
    TaskName,
    TimeOn,
    typed_choices,
)
from dl.cli.json_output import print_json
from dl.cli.long_verbs import End, long_verb
from dl.errors import BadOption
from dl.exit_codes import DONE
from dl.limits import TIME_UP, ending_after
from dl.plugins.registered import registered
from dl.terminal import console, plain

if TYPE_CHECKING:
    from dl.rivals.baseline import Ladder


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_BASELINE)(baseline)


_BASELINE = """Score what a network has to beat, on its split.

Constant answers, and cheap learners of scikit-learn: linear models, nearest neighbours, naive Bayes, boosting.

Example: dl baseline tabular wine

With a run in place of domain and data, as in dl baseline last, they are kept in the run, and its report compares the
network with them.
"""


@long_verb
def baseline(
    domain: DomainName = "",
    data: Data = "",
    options: Further = None,
    input_: Input = "",
    target: Target = "",
    group_on: GroupOn = "",
    time_on: TimeOn = "",
    sequence_on: SequenceOn = "",
    encoding: Encoding = "",
    data_dir: DataDir = "",
    task: TaskName = "",
    seed: Seed = None,
    max_time: MaxTime = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> End:
    """Score baselines, as `dl.baseline`."""
    flags = {
        "input": input_,
        "target": target,
        "group_on": group_on,
        "time_on": time_on,
        "sequence_on": sequence_on,
        "encoding": encoding,
    }
    word = domain
    domain, data, typed = typed_choices((domain, data), options, flags | {"data_dir": data_dir})
    import dl
    from dl.recipes.recognize import is_data
    from dl.runs.run import names_run

    plugins = registered()
    if word and "=" not in word and not data and (names_run(word, runs) or not is_data(word, plugins)):
        if typed or task:
            raise BadOption(f"dl baseline {word}: a run has its own options and its own task; leave them out")
        with ending_after(max_time):
            found = dl.baseline(run=word, runs=runs, plugins=plugins)
    else:
        with ending_after(max_time):
            found = dl.baseline(domain, data, task=task, seed=seed, runs=runs, plugins=plugins, **typed)
    if as_json:
        print_json(_json(found))
    else:
        _show(found)
    return _end(found)


def _end(ladder: Ladder) -> End:
    """Return how the work ended, with the best of all answers."""
    metric = ladder.info.headline
    sign = 1 if metric.higher else -1
    every = [*ladder.constants, *(one.baseline for one in ladder.rivals)]
    best = max(every, key=lambda one: sign * one.score, default=None)
    status, score = ("interrupted" if ladder.time_up else "finished"), best.score if best else None
    return End(DONE, ladder.data, status, lambda: f"to beat: {best.answer}" if best else "", metric.name, score)


def _show(ladder: Ladder) -> None:
    from dl.runs.wording import show_estimate, show_value

    out, metric = console(), ladder.info.headline
    out.print(
        plain(f"{ladder.data}: {ladder.train:,} to train on, {ladder.val:,} for validation, {ladder.rule}", "bold")
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", metric.name, "seconds"):
        table.add_column(name, justify="right" if name == "seconds" else "left")
    for one in sorted(ladder.constants, key=lambda one: one.score if metric.higher else -one.score):
        table.add_row(plain(f"  {one.answer}"), show_value(metric, one.score), "")
    for rival in reversed(ladder.rivals):
        shown = show_estimate(metric, rival.estimate)
        table.add_row(plain(f"  {rival.baseline.answer}"), shown, f"{rival.baseline.seconds:.1f}")
    out.print(table)
    if ladder.time_up:
        out.print(plain(f"  {TIME_UP} before all were fitted", "yellow"))


def _json(ladder: Ladder) -> dict[str, object]:
    rivals = [asdict(one.baseline) | {"estimate": list(one.estimate)} for one in ladder.rivals]
    head = {"data": ladder.data, "train": ladder.train, "val": ladder.val, "rule": ladder.rule}
    metric = ladder.info.headline
    names = {"metric": metric.name, "higher_is_better": metric.higher}
    answers = {"constants": [asdict(one) for one in ladder.constants], "rivals": rivals}
    return head | names | answers | {"time_up": ladder.time_up}
