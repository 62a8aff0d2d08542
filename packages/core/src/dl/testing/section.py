"""The conformance suite for report sections: lines of plain text for any run, without other effects."""

from __future__ import annotations

import tempfile
from pathlib import Path

from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.plugins.states import short_repr
from dl.specs import SectionSpec
from dl.terminal import safe_text
from dl.testing.light import lists_lightly
from dl.testing.reported import NOT_COMPUTABLE, Reported, answers, leaves, loads, repeats
from dl.testing.rules import Broken, Results, Rules, ask
from dl.words import many

LONGEST = 10_000  # characters of a line that are checked


def check_section(spec: SectionSpec, plugins: Plugins | None = None) -> Results:
    """Test a section against every rule, in the reports of four fits: overfitted, clean, short, and a regression.

    Args:
        spec: From ``plugins.sections["its title"]``, or built by a plugin.
        plugins: The registered plugins, with one that renders reports; None loads the installed ones.

    Raises:
        DoesNotConform: Naming each broken rule.
    """
    plugins = plugins or load_plugins()
    with tempfile.TemporaryDirectory() as folder:
        subject = Reported(spec, plugins, Path(folder))
        return ask(f"the section {spec.name!r}", subject, RULES, needed=("it is loaded", "it has a result for any run"))


def _light(subject: Reported[SectionSpec]) -> None:
    lists_lightly(subject.plugins, "sections", subject.spec.name)


def _title(subject: Reported[SectionSpec]) -> None:
    if safe_text(subject.spec.name) != subject.spec.name:
        raise Broken("its title has control characters, or is too long")


def _lines(subject: Reported[SectionSpec]) -> None:
    for name, answer in subject.answers.items():
        for line in [] if type(answer).__name__ == NOT_COMPUTABLE else answer:
            if not isinstance(line, str):
                raise Broken(f"on a fit that {name} it returns {short_repr(line)} among its lines, not text")
            if safe_text(line, LONGEST) != line:
                raise Broken(f"on a fit that {name} a line is not plain text: {short_repr(line)}")


def _shows(subject: Reported[SectionSpec]) -> None:
    for name, answer in subject.answers.items():
        if (
            type(answer).__name__ != NOT_COMPUTABLE
            and answer
            and f"\n{subject.spec.name}\n" not in subject.reports[name]
        ):
            raise Broken(f"the report of a fit that {name} does not show it under its title")


def _quiet(subject: Reported[SectionSpec]) -> None:
    for name, printed in subject.printed.items():
        if printed:
            raise Broken(f"on a fit that {name} it prints {short_repr(printed)}; return lines instead")


RULES: Rules[Reported[SectionSpec]] = {
    "listing it imports nothing heavy": _light,
    "its title can be shown": _title,
    "it is loaded": loads,
    "it has a result for any run": answers(
        "a list of lines", lambda n: many(n, "line"), "it has no line for any of the fits"
    ),
    "its lines are plain text": _lines,
    "the report shows it": _shows,
    "it prints nothing": _quiet,
    "it has the same result again": repeats,
    "it does not change the run": leaves,
}
