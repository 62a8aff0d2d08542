"""The verb check: what the data gives away, before anything is learnt from it."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from dl.cli.flags import (
    DEFAULT_RUNS,
    FLAGS,
    DataDir,
    Encoding,
    Further,
    GroupOn,
    Input,
    Json,
    MaxTime,
    ModelName,
    RecipeName,
    Runs,
    Seed,
    SequenceOn,
    Target,
    TaskName,
    TimeOn,
    flag_meant,
    typed_choices,
)
from dl.cli.json_output import print_json
from dl.cli.long_verbs import End, long_verb
from dl.errors import BadOption, nearest
from dl.exit_codes import DONE, FAILED
from dl.limits import ending_after
from dl.terminal import console, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dl.finding import Finding
    from dl.runs.drift import Drift
    from dl.runs.prospect import DataCheck

FAIL_ON = ("issue", "tip")
LONGEST = 1000  # characters of a line


def add_to(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(help=_CHECK)(check)


_CHECK = """Check data before a fit: leaks, duplicates, groups, shift.

Example: dl check vision digits

Every guard of a fit runs on the split that the fit would make, and so do the tests of a report that need inputs alone.
Nothing is trained, and a test set stays closed. Options are those of dl fit. The domain may be left out.

With --fail-on issue, exit with code 1 on an issue; with --fail-on tip, on an issue or a tip.

With --against RUN, say whether inputs, targets or the score on the data have drifted from what a run saw; there,
--fail-on exits with 1 on any drift.
"""


@long_verb
def check(
    domain: Annotated[str, typer.Argument(metavar="[DOMAIN]", help="Domain; recognized if omitted.")] = "",
    data: Annotated[str, typer.Argument(metavar="DATA", help="Name of a data set, or path to your own data.")] = "",
    options: Further = None,
    model: ModelName = "",
    recipe: RecipeName = "",
    input_: Input = "",
    target: Target = "",
    group_on: GroupOn = "",
    time_on: TimeOn = "",
    sequence_on: SequenceOn = "",
    encoding: Encoding = "",
    data_dir: DataDir = "",
    task: TaskName = "",
    seed: Seed = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="CODE", help="Leave out findings with this code; repeatable."),
    ] = None,
    against: Annotated[
        str, typer.Option("--against", metavar="RUN", help="Compare with what a run saw: number, name, path or 'last'.")
    ] = "",
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="LEVEL", help="Lowest level for exit code 1: issue or tip.")
    ] = "",
    runs: Runs = DEFAULT_RUNS,
    max_time: MaxTime = "",
    as_json: Json = False,
) -> End:
    """Check data, as `dl.check`."""
    if fail_on and fail_on not in FAIL_ON:
        raise BadOption(f"--fail-on {fail_on!r}: expected issue or tip{nearest(fail_on, FAIL_ON)}")
    flags = {
        "input": input_,
        "target": target,
        "group_on": group_on,
        "time_on": time_on,
        "sequence_on": sequence_on,
        "encoding": encoding,
    }
    domain, data, typed = typed_choices((domain, data), options, flags | {"data_dir": data_dir})
    domain, data = ("", domain) if domain and not (data or recipe) else (domain, data)
    if meant := flag_meant(typed, FLAGS):
        raise BadOption(meant)
    import dl
    from dl.runs.drift import Drift

    names: dict[str, Any] = {"model": model, "recipe": recipe, "task": task, "seed": seed, "ignore": ignore or []}
    names |= {"against": against or None, "runs": runs} | typed  # Any: of `dl.check`
    with ending_after(max_time), redirect_stdout(sys.stderr):
        found = dl.check(domain, data, **names)
    if as_json:
        print_json(found.as_dict())
    elif isinstance(found, Drift):
        _show_drift(console(), found)
    else:
        _show(console(), found)
    counted = FAIL_ON[: FAIL_ON.index(fail_on) + 1] if fail_on else ()
    if isinstance(found, Drift):
        drifted = bool(counted) and found.state in ("inputs", "scores", "both")
        return End(FAILED if drifted else DONE, found.data, "finished", lambda: found.verdict)
    fails = any(finding.severity in counted for finding in found.findings)
    worst = found.findings[0].message if found.findings else "no finding"
    return End(FAILED if fails else DONE, found.data, "finished", lambda: worst)


def _show(out: Console, found: DataCheck) -> None:
    out.print(plain(f"{found.data}: {found.train:,} to train on, {found.val:,} for validation, {found.rule}", "bold"))
    out.print(plain(f"  {found.task}", "dim"))
    show_with_commands(out, found.findings)
    if found.clean:
        none = "none speaks" if len(found.clean) > 1 else "it does not speak"
        out.print(_line(f"checked: {', '.join(found.clean)}; {none}"))
    for what, why in found.unchecked:
        out.print(_line(f"not checked: {what}, because {why}", "dim"))


def _show_drift(out: Console, found: Drift) -> None:
    """Print the verdict, the parts, and the next command."""
    out.print(plain(found.verdict, "bold", longest=LONGEST))
    marks = {"drifted": ("!", "bold red"), "alike": ("-", "dim"), "unknown": ("?", "dim")}
    for part in found.parts:
        mark, style = marks[part.state]
        out.print(Padding(Text.assemble((f"{mark} ", style), plain(part.message, longest=LONGEST)), (0, 0, 0, 2)))
    if found.next:
        out.print(_line(f"next: {found.next}", "dim"))


def show_with_commands(out: Console, findings: Sequence[Finding]) -> None:
    """Print findings with code, leaked share, effect and next command."""
    from dl.runs.wording import MARKS

    for finding in findings:
        mark, style = MARKS[finding.severity]
        share, effect = finding.evidence.get("share"), finding.evidence.get("effect")
        leaked = f" ({100 * share:.3g} % of the validation set)" if isinstance(share, float) else ""
        head = Text.assemble((f"{mark} ", style), (finding.code, "bold"), leaked)
        out.print(Padding(head, (0, 0, 0, 2), expand=False))
        for words, look in ((finding.message, ""), (effect, ""), (finding.next and f"next: {finding.next}", "dim")):
            if words:
                out.print(Padding(plain(str(words), look, longest=LONGEST), (0, 0, 0, 4), expand=False))


def _line(words: str, style: str = "") -> Padding:
    return Padding(plain(words, style, longest=LONGEST), (0, 0, 0, 2), expand=False)
