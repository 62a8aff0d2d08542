"""Which option mends which finding of the guards, and which findings are leaks."""

from __future__ import annotations

from collections.abc import Sequence

from dl.finding import Finding
from dl.options import Options

SEVERAL = ("leave_out", "categories")  # options that name several columns
OPTIONS = {  # against a finding; its value is the finding's column
    "data-target-in-disguise": "leave_out",
    "data-row-counter": "leave_out",
    "data-groups-in-sight": "group_on",
    "data-code-as-number": "categories",
    "data-dates-mixed": "time_on",
}
SETTINGS = {  # against a finding: an option, and its values that mend it, the first to be set
    "data-duplicates-across-split": ("duplicates", ("together", "near")),
    "data-near-duplicates": ("duplicates", ("near",)),
}
LEAKS = ("data-target-in-disguise", "data-row-counter", "data-groups-in-sight", "data-dates-mixed", *SETTINGS)
UNMENDED = ("data-time-overlap",)  # leaks without an option against them


def option_against(finding: Finding, given: Options) -> dict[str, str]:
    """Return the option that mends a finding, with its value; nothing where there is none, or it is set already.

    Args:
        finding: Of the guards.
        given: Options of the fit, by name.
    """
    if finding.code in SETTINGS:
        name, values = SETTINGS[finding.code]
        return {} if given.get(name) in values else {name: values[0]}
    option, column = OPTIONS.get(finding.code, ""), str(finding.evidence.get("column", ""))
    before = str(given.get(option, ""))
    if not (option and column):
        return {}
    if option not in SEVERAL:
        return {option: column} if before != column else {}
    named = [one for one in before.split(",") if one]
    return {} if column in named else {option: ",".join([*named, column])}


def leaks_among(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that make a score too good, issues first."""
    found = [one for one in findings if one.code in LEAKS + UNMENDED and one.severity != "note"]
    return sorted(found, key=lambda one: one.severity != "issue")
