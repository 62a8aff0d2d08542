"""The verdict: one sentence on where a run stands, read from a decision table, and the three answers it rests on.

Of the rows of `PROBLEMS` that apply the worst two are the sentence; where one applies alone, what follows from it or
the skill is its second clause. Where none applies, everything is fine. The table stands in words in `docs/reports.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dl.finding import DISTRUST, SEVERITIES, Finding
from dl.recipes.protocol import parse_protocol
from dl_reports import clauses
from dl_reports.answers import TURNED, Answers, Memory, MemoryAnswer, Skill, SkillAnswer, Turn, TurnAnswer, answer
from dl_reports.facts import Facts
from dl_reports.report import Verdict
from dl_reports.shown_answers import show_answers

DAMAGED = ("health-damaged",)
BROKEN = ("health-nan",)
UNSTABLE = ("health-lr-too-high",)
UNFOUND = ("fit-class-missed",)


@dataclass(frozen=True)
class Case:
    """All that the decision table asks about.

    Attributes:
        facts: Of the run.
        findings: By code.
        answers: To the three questions.
    """

    facts: Facts
    findings: Mapping[str, Finding]
    answers: Answers

    @property
    def skill(self) -> SkillAnswer:
        """The first answer."""
        return self.answers.skill

    @property
    def memory(self) -> MemoryAnswer:
        """The second answer."""
        return self.answers.memory

    @property
    def turn(self) -> TurnAnswer:
        """The third answer."""
        return self.answers.turn

    def issue(self, codes: Sequence[str]) -> Finding | None:
        """Return the first finding of these codes that is an issue."""
        found = (self.findings.get(code) for code in codes)
        return next((one for one in found if one is not None and one.severity == "issue"), None)


@dataclass(frozen=True)
class Row:
    """A row of the decision table; a note is told alone, and gives way to any other row.

    Attributes:
        name: Of the row, as in `docs/reports.md`.
        applies: Whether it is about this case.
        clause: Its words.
        severity: Of the verdict, where no other row that applies is worse.
        code: Of the finding that it rests on; empty where it rests on none.
        then: A second clause where no other row applies, empty for none; None for how the network stands to a constant
            answer.
        ends: Whether no other row is asked, as nothing else can be told.
    """

    name: str
    applies: Callable[[Case], bool]
    clause: Callable[[Case], str]
    severity: str
    code: Callable[[Case], str] = lambda case: ""
    then: Callable[[Case], str] | None = None
    ends: bool = False


def _by_issue(name: str, codes: Sequence[str], before: str = "", *, praised: bool = False, ends: bool = False) -> Row:
    """Return the row that words an issue of one of these codes, beside the skill if it may be praised."""

    def found(case: Case) -> Finding:
        issue = case.issue(codes)
        assert issue is not None
        return issue

    return Row(
        name,
        lambda case: case.issue(codes) is not None,
        lambda case: before + clauses.head(found(case)),
        "issue",
        lambda case: found(case).code,
        then=None if praised else lambda case: "",
        ends=ends,
    )


def _by_skill(state: Skill, clause: Callable[[Facts, SkillAnswer], str], severity: str, name: str = "") -> Row:
    return Row(
        name or state.value,
        lambda case: case.skill.state is state,
        lambda case: clause(case.facts, case.skill),
        severity,
        lambda case: "fit-no-better-than-baseline",
    )


def _by_memory(
    state: Memory, clause: Callable[[Facts, MemoryAnswer], str], severity: str, code: str = "", name: str = ""
) -> Row:
    return Row(
        name or state.value,
        lambda case: case.memory.state is state and case.skill.state is not Skill.MEMORIZED,
        lambda case: clause(case.facts, case.memory),
        severity,
        lambda case: code,
    )


def _nothing(facts: Facts) -> str:
    """Word why there is nothing to judge: no epoch of a fit, or not all fits of a protocol."""
    protocol = facts.manifest.protocol
    if not protocol:
        return "no epoch was finished, so there is nothing to judge"
    done = f"{len(facts.kept.run.finished_folds)} of {parse_protocol(protocol).fits} folds are finished"
    return f"{done}, and all are needed to judge"


PROBLEMS: tuple[Row, ...] = (
    _by_issue("distrust", (*DAMAGED, *DISTRUST), "the score cannot be trusted: "),
    _by_issue("broken", BROKEN, "training broke down: ", ends=True),
    Row(
        "no epoch",
        lambda case: case.facts.best is None,
        lambda case: _nothing(case.facts),
        "note",
        then=lambda case: "",
        ends=True,
    ),
    _by_issue("unstable", UNSTABLE, "training is unstable: "),
    _by_skill(Skill.MEMORIZED, clauses.memorized, "issue"),
    _by_skill(Skill.NOTHING, clauses.nothing, "issue"),
    _by_issue("class not found", UNFOUND, praised=True),
    _by_skill(Skill.UNTOLD_BUT_FITTED, clauses.untold_but_fitted, "issue"),
    _by_skill(Skill.UNTOLD, clauses.untold, "tip"),
    Row(
        "rival",
        lambda case: case.skill.rival is not None,
        lambda case: clauses.behind_rival(case.facts, case.skill),
        "issue",
        lambda case: "fit-no-better-than-baseline",
    ),
    _by_memory(Memory.LARGE, clauses.memorizes, "issue", "fit-gap"),
    _by_memory(Memory.PART, clauses.memorizes, "tip", "fit-gap"),
    Row(
        "turned",
        lambda case: case.turn.state in TURNED,
        lambda case: clauses.overfits(case.facts, case.turn),
        "issue",
        lambda case: "fit-overfit-metric" if case.turn.state is Turn.METRIC else "fit-overfit-loss",
        lambda case: clauses.after_turn(case.facts, case.turn),
    ),
    Row(
        "turned with training",
        lambda case: case.turn.state is Turn.SHARED and case.issue(UNSTABLE) is None,
        lambda case: clauses.worse_on_both(case.facts, case.turn),
        "note",
    ),
    Row(
        "turn unknown",
        lambda case: case.turn.state is Turn.UNKNOWN,
        lambda case: clauses.turn_untold(case.facts, case.turn),
        "note",
    ),
    _by_memory(Memory.VAGUE, clauses.gap_vague, "note", "fit-gap", name="gap vague"),
    _by_memory(Memory.UNTOLD, clauses.gap_untold, "note", name="gap untold"),
    Row(
        "not done",
        lambda case: (found := case.findings.get("fit-not-converged")) is not None and found.severity == "tip",
        lambda case: f"not done: {clauses.head(case.findings['fit-not-converged'])}",
        "tip",
        lambda case: "fit-not-converged",
    ),
    Row(
        "common error",
        lambda case: "fit-underfitting" in case.findings,
        lambda case: clauses.head(case.findings["fit-underfitting"]),
        "note",
        lambda case: "fit-underfitting",
    ),
    _by_skill(Skill.UNKNOWN, clauses.skill_unknown, "note", name="skill unknown"),
    _by_memory(Memory.UNKNOWN, clauses.gap_unknown, "note", name="gap unknown"),
)

FINE = Row("fine", lambda case: True, lambda case: clauses.fine(case.facts, case.memory), "good")


def verdict(facts: Facts, findings: Sequence[Finding]) -> Verdict:
    """Judge where the run stands."""
    by_code = {finding.code: finding for finding in reversed(findings)}  # of two with one code the most severe
    case = Case(facts, by_code, answer(facts))
    rows = _applying(case)
    distrusted = case.issue((*DISTRUST, *DAMAGED, *BROKEN, *UNSTABLE)) is not None
    answers = () if facts.best is None else show_answers(facts, case.answers, distrusted=distrusted)
    first = rows[0] if rows else FINE
    code = first.code(case)
    code = code if code in case.findings else ""
    return Verdict(_sentence(case, rows), first.severity, code, answers, first.name)


def _applying(case: Case) -> list[Row]:
    """Return the rows that apply up to one that ends it, the worst first, and else in the order of the table."""
    found: list[Row] = []
    for row in PROBLEMS:
        if row.applies(case):
            found.append(row)
            if row.ends:
                break
    return sorted(found, key=lambda row: SEVERITIES.index(row.severity))


def _sentence(case: Case, rows: Sequence[Row]) -> str:
    pressing = [row for row in rows[:2] if row.severity != "note"]
    if len(pressing) == 2:
        words = [row.clause(case) for row in pressing]
    else:
        words = _completed(case, rows[0] if rows else FINE)
    sentence = "; ".join(filter(None, words)) + "."
    return sentence[:1].upper() + sentence[1:] + _form(case, rows)


def _completed(case: Case, row: Row) -> list[str]:
    """Add the second clause to the only row: what follows from it, or how the network stands to a constant answer."""
    clause = row.clause(case)
    if row.then is not None:
        return [clause, row.then(case)]
    if case.skill.state is not Skill.BETTER:
        return [clause]
    praise = clauses.better(case.facts, case.skill)
    return [clause, praise] if row.severity in ("issue", "tip") else [praise, clause]


def _form(case: Case, rows: Sequence[Row]) -> str:
    """Name the test of the change where it is from means alone."""
    loss = case.turn.loss
    told = not rows or any(row.name == "turned" for row in rows[:2])
    return f" (From means alone: {loss.form}.)" if told and loss is not None and not loss.dated else ""
