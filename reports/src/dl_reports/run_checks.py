"""Run every registered check and section; a plugin that fails is named, and the others go on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from dl.errors import UnknownName, nearest
from dl.finding import SEVERITIES, Finding
from dl.limits import TIME_UP, cut_short, is_time_up
from dl.plugins.states import describe_error, short_repr, warn_of_plugins
from dl.signals import SecondSignal
from dl.specs import CheckSpec, SectionSpec
from dl_reports.facts import Facts, known
from dl_reports.report import Section, Unchecked
from dl_reports.statistics import NotComputable

MOST = 10_000  # findings, or lines, from one plugin; more is a mistake


@dataclass(frozen=True)
class CheckResults:
    """The results of all checks: findings, the most severe first; ignored codes; and what could not be checked."""

    findings: tuple[Finding, ...]
    ignored: tuple[str, ...]
    unchecked: tuple[Unchecked, ...]


def run_checks(facts: Facts, ignore: Iterable[str] = (), only: Collection[str] | None = None) -> CheckResults:
    """Run every check; where a limit of time is over, those that are left are not made, and what guards found stays.

    Args:
        facts: Of the run.
        ignore: Codes of findings to leave out.
        only: Codes of the checks to run; None runs all.

    Raises:
        UnknownName: If a code to ignore belongs to no check.
    """
    checks = facts.plugins.checks
    silenced = set(ignore)
    for code in sorted(silenced - set(checks)):
        raise UnknownName(f"no finding code {code!r}{nearest(code, checks)}  see: dl explain")
    found: list[Finding] = []
    unchecked: list[Unchecked] = []
    for spec in _in_order(spec for spec in checks.values() if only is None or spec.name in only):
        answer = _run_in_time(spec, facts)
        if isinstance(answer, NotComputable):
            unchecked.append(Unchecked(spec.name, answer.reason))
        else:
            found.extend(answer)
    late = {one.what for one in unchecked if one.why == TIME_UP}
    found += [one for one in known(facts.kept.guards) or () if one.code not in checks or one.code in late]
    shown = [finding for finding in found if finding.code not in silenced]
    ordered = sorted(shown, key=lambda finding: SEVERITIES.index(finding.severity))
    return CheckResults(tuple(ordered), tuple(sorted({f.code for f in found} & silenced)), tuple(unchecked))


def _in_order(checks: Iterable[CheckSpec]) -> list[CheckSpec]:
    """Order the checks of dl by importance, as in the registry, then the others by code."""
    from dl_reports.registry import OWN

    rank = {entry[0]: k for k, entry in enumerate(OWN)}
    return sorted(checks, key=lambda spec: (rank.get(spec.name, len(rank)), spec.name))


def _run_in_time(spec: CheckSpec, facts: Facts) -> list[Finding] | NotComputable:
    if not is_time_up():
        with cut_short():
            return _run(spec, facts)
    return NotComputable(TIME_UP)


def _run(spec: CheckSpec, facts: Facts) -> list[Finding] | NotComputable:
    found: list[Finding] | NotComputable = _call(spec, facts, "check")
    if isinstance(found, NotComputable):
        return found
    for finding in found:
        if not isinstance(finding, Finding) or finding.code != spec.name or finding.severity not in SEVERITIES:
            return _failed(spec, facts, "check", "returned something else than its findings")
    return found


def _call(spec: CheckSpec | SectionSpec, facts: Facts, kind: str) -> Any:  # Any: of a third party
    """Call a plugin's function; whatever it raises becomes a reason that names it."""
    try:
        with np.errstate(all="ignore"):
            answer = spec.load()(facts)
            listed = answer if isinstance(answer, NotComputable) else list(islice(answer, MOST + 1))
    except (KeyboardInterrupt, SecondSignal):
        raise
    except BaseException as error:
        return _failed(spec, facts, kind, f"failed: {describe_error(error)}")
    if isinstance(answer, (str, bytes)):
        return _failed(spec, facts, kind, f"returned {short_repr(answer)}, not a list")
    if isinstance(listed, list) and len(listed) > MOST:
        return _failed(spec, facts, kind, f"returned more than {MOST:,} values")
    return listed


def _failed(spec: CheckSpec | SectionSpec, facts: Facts, kind: str, how: str) -> NotComputable:
    """Report a plugin's failure as the plugin host does, and return the reason for the report."""
    warn_of_plugins(facts.plugins.line(f"{kind}s", spec.name, f"the {kind} {spec.name!r} {how}"))
    return NotComputable(f"the {kind} {spec.name!r} of plugin {spec.plugin!r} {how}")


def run_sections(facts: Facts) -> tuple[tuple[Section, ...], tuple[Unchecked, ...]]:
    """Run every section of the plugins."""
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
    answer = _call(spec, facts, "section")
    return answer if isinstance(answer, NotComputable) else [str(line) for line in answer]
