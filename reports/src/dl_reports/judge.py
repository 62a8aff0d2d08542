"""Judging: every registered check is asked, one at a time; who fails is named and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dl.errors import UnknownName, nearest
from dl.finding import SEVERITIES, Finding
from dl.specs import CheckSpec, SectionSpec
from dl.states import shown, told
from dl_reports.facts import Facts, known
from dl_reports.report import Section, Unchecked
from dl_reports.statistics import NotComputable


@dataclass(frozen=True)
class Judged:
    """What all checks said: findings, the most pressing first; silenced codes; and what could not be checked."""

    findings: tuple[Finding, ...]
    ignored: tuple[str, ...]
    unchecked: tuple[Unchecked, ...]


def judge(facts: Facts, ignore: Iterable[str] = ()) -> Judged:
    """Ask every check.

    Raises:
        UnknownName: If a code to ignore belongs to no check.
    """
    checks = facts.plugins.checks
    silenced = set(ignore)
    for code in sorted(silenced - set(checks)):
        raise UnknownName(f"no finding code {code!r}{nearest(code, checks)}  see: dl explain")
    found: list[Finding] = []
    unchecked: list[Unchecked] = []
    for spec in _in_order(checks.values()):
        answer = _ask(spec, facts)
        if isinstance(answer, NotComputable):
            unchecked.append(Unchecked(spec.name, answer.reason))
        else:
            found.extend(answer)
    found += [finding for finding in known(facts.kept.guards) or () if finding.code not in checks]
    spoken = [finding for finding in found if finding.code not in silenced]
    ordered = sorted(spoken, key=lambda finding: SEVERITIES.index(finding.severity))
    return Judged(tuple(ordered), tuple(sorted({f.code for f in found} & silenced)), tuple(unchecked))


def _in_order(checks: Iterable[CheckSpec]) -> list[CheckSpec]:
    """Ours in the order of the registry, which is that of importance; then the others by code."""
    from dl_reports.registry import OWN

    rank = {entry[0]: k for k, entry in enumerate(OWN)}
    return sorted(checks, key=lambda spec: (rank.get(spec.name, len(rank)), spec.name))


def _ask(spec: CheckSpec, facts: Facts) -> list[Finding] | NotComputable:
    answer = _call(spec.load, facts, f"the check {spec.name!r} of plugin {spec.plugin!r}")
    if isinstance(answer, NotComputable):
        return answer
    found = list(answer)
    for finding in found:
        if not isinstance(finding, Finding) or finding.code != spec.name or finding.severity not in SEVERITIES:
            return NotComputable(
                f"the check {spec.name!r} of plugin {spec.plugin!r} returned something else than its findings"
            )
    return found


def _call(load: Callable[[], Callable[[Any], Any]], facts: Facts, who: str) -> Any:  # Any: of a third party
    """Call a plugin's function; whatever it raises becomes a reason that names it."""
    try:
        with np.errstate(all="ignore"):
            answer = load()(facts)
            if isinstance(answer, (str, bytes)):
                return NotComputable(f"{who} returned {shown(answer)}, not a list")
            return answer if isinstance(answer, NotComputable) else list(answer)
    except (Exception, SystemExit) as error:
        return NotComputable(f"{who} failed: {told(error)}")


def sections(facts: Facts) -> tuple[tuple[Section, ...], tuple[Unchecked, ...]]:
    """Ask every section of the plugins."""
    found: list[Section] = []
    failed: list[Unchecked] = []
    for spec in facts.plugins.sections.values():
        lines = _lines(spec, facts)
        if isinstance(lines, NotComputable):
            failed.append(Unchecked(spec.name, lines.reason))
        elif lines:
            found.append(Section(spec.name, tuple(lines)))
    return tuple(found), tuple(failed)


def _lines(spec: SectionSpec, facts: Facts) -> list[str] | NotComputable:
    answer = _call(spec.load, facts, f"the section {spec.name!r} of plugin {spec.plugin!r}")
    return answer if isinstance(answer, NotComputable) else [str(line) for line in answer]
