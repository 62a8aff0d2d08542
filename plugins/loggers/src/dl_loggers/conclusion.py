"""What every tracker keeps of a report: tags in a few words, numbers with their intervals, pages."""

from __future__ import annotations

from dl.hookspecs import RunReport

LONGEST = 60  # characters of a tag


def tags(report: RunReport) -> dict[str, str]:
    """Return the state of each answer, as ``{"skill": "better"}``, and the codes of findings that are issues."""
    issues = " ".join(one.code for one in report.findings if one.severity == "issue")
    return {answer.question: answer.state for answer in report.answers} | ({"issues": issues} if issues else {})


def short_tags(report: RunReport) -> tuple[str, ...]:
    """Return the same as single words, as ``skill:better``."""
    pairs = [(name, word) for name, words in tags(report).items() for word in words.split()]
    return tuple(f"{name}:{word}"[:LONGEST] for name, word in pairs)


def numbers(report: RunReport) -> dict[str, float]:
    """Return the scores at the best epoch with the ends of their 95 % intervals, as ``best/val/low``."""
    found: dict[str, float] = {}
    for name, score in report.scores.items():
        values = {f"best/{name}": score.value, f"best/{name}/low": score.low, f"best/{name}/high": score.high}
        found |= {key: value for key, value in values.items() if value == value and abs(value) < float("inf")}
    return found


def page(report: RunReport) -> str:
    """Return the report as a page."""
    return f"<!doctype html><meta charset=utf-8><title>report</title>{report._repr_html_()}"
