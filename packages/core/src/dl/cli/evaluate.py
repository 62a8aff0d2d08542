"""The verb test: evaluate a run on the test set, once."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding

from dl.cli.flags import DEFAULT_RUNS, Json, Runs, Which
from dl.cli.json_output import print_json
from dl.terminal import console, plain, safe_lines
from dl.words import many

if TYPE_CHECKING:
    from dl.runs.ledger import TestEvaluation

MOST_THRESHOLDS = 10  # of labels, on the screen


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_TEST)(test)


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
