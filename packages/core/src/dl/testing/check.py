"""The conformance suite for checks of a run: their page, their findings on real runs, and that they change no run.

A check is called through the report, as in a user's fit; its results are recorded on the way.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from dl.finding import SEVERITIES, Finding
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.plugins.states import short_repr
from dl.specs import CheckSpec
from dl.terminal import safe_text
from dl.testing.light import lists_lightly
from dl.testing.reported import NOT_COMPUTABLE, Reported, answers, leaves, loads, repeats
from dl.testing.rules import Broken, Results, Rules, ask


def check_check(spec: CheckSpec, plugins: Plugins | None = None) -> Results:
    """Test a check against every rule, on four fits: overfitted, clean, short, and a regression.

    Args:
        spec: From `Plugins.check`, or built by a plugin.
        plugins: The registered plugins, with one that renders reports; None loads the installed ones.

    Raises:
        DoesNotConform: Naming each broken rule.
    """
    plugins = plugins or load_plugins()
    with tempfile.TemporaryDirectory() as folder:
        subject = Reported(spec, plugins, Path(folder))
        return ask(f"the check {spec.name!r}", subject, RULES, needed=("it is loaded",))


def _light(subject: Reported[CheckSpec]) -> None:
    lists_lightly(subject.plugins, "checks", subject.spec.name)


def _code(subject: Reported[CheckSpec]) -> None:
    group, dash, rest = subject.spec.name.partition("-")
    if not dash or not group or not rest:
        raise Broken("its code is not of the form group-words, as fit-gap is")
    if subject.spec.name != subject.spec.name.lower():
        raise Broken("its code has capital letters")
    if not subject.spec.description.strip():
        raise Broken("it has no description")


def _page(subject: Reported[CheckSpec]) -> None:
    page = subject.spec.page()
    if not page.startswith(f"# {subject.spec.name}\n"):
        raise Broken(f"its page does not begin with '# {subject.spec.name}'")
    if len(page.split()) < 20:
        raise Broken("its page is too short: how is it detected, why does it matter, what is the remedy?")


def _findings(subject: Reported[CheckSpec]) -> None:
    for name, answer in subject.answers.items():
        if isinstance(answer, Exception) or type(answer).__name__ == NOT_COMPUTABLE:
            continue
        for one in answer:
            if problem := _wrong_with(one, subject.spec.name):
                raise Broken(f"on a fit that {name}: {problem}")


def _wrong_with(finding: object, code: str) -> str:
    if not isinstance(finding, Finding):
        return f"it returns {short_repr(finding)} among its findings"
    if finding.code != code:
        return f"a finding has the code {finding.code!r}, not its own"
    if finding.severity not in SEVERITIES:
        return f"a finding has the severity {finding.severity!r}; expected {', '.join(SEVERITIES)}"
    if not finding.message or safe_text(finding.message, 10_000) != finding.message:
        return "a finding has no message, or control characters in it"
    if finding.next and not finding.next.startswith("dl "):
        return f"the next command of a finding is {finding.next!r}, not one of dl"
    try:
        json.dumps(finding.as_dict())
    except (TypeError, ValueError) as error:
        return f"a finding cannot be written as JSON: {error}"
    return ""


RULES: Rules[Reported[CheckSpec]] = {
    "listing it imports nothing heavy": _light,
    "its code can be used": _code,
    "it has a page": _page,
    "it is loaded": loads,
    "it has a result for any run": answers(
        "a list of findings or NotComputable", lambda n: f"{n} found", "no findings on any of the fits"
    ),
    "its findings are its own": _findings,
    "it has the same result again": repeats,
    "it does not change the run": leaves,
}
