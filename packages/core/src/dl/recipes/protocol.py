"""Protocols: how many fits a score is made of, and how many examples each of them holds out.

    holdout                one fit
    kfold:4                every example is held out once, by one of four fits
    iterated-kfold:4x3     the same three times over, shuffled anew each time
    repeated-holdout:5     five random hold-outs

Letters: ``K`` folds, ``P`` rounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dl.errors import BadOption
from dl.options import Options, short_value

HOLDOUT, KFOLD, ITERATED, REPEATED = "holdout", "kfold", "iterated-kfold", "repeated-holdout"
MOST_FITS = 1_000
FORMS = f"{HOLDOUT}, {KFOLD}:4, {ITERATED}:4x3 or {REPEATED}:5"
USUAL_FOLDS, USUAL_ROUNDS = 4, 3
ENOUGH_FOR_HOLDOUT = 10_000  # a fifth of them tells a share to two points
ENOUGH_FOR_ONE_ROUND = 1_000
_FORM = re.compile(r"([a-z-]+)(?::([0-9]{1,6})(?:x([0-9]{1,6}))?)?")


@dataclass(frozen=True)
class Protocol:
    """A protocol of evaluation.

    Args:
        kind: One of ``holdout``, ``kfold``, ``iterated-kfold``, ``repeated-holdout``.
        folds: K, into which all examples are divided in each round; 1 where a share of them is held out.
        rounds: P, each with a shuffle of its own.
    """

    kind: str
    folds: int = 1
    rounds: int = 1

    def __str__(self) -> str:
        numbers = {KFOLD: f":{self.folds}", ITERATED: f":{self.folds}x{self.rounds}", REPEATED: f":{self.rounds}"}
        return self.kind + numbers.get(self.kind, "")

    @property
    def fits(self) -> int:
        """How many networks are trained."""
        return self.folds * self.rounds

    @property
    def shuffles(self) -> bool:
        """Whether rounds differ by their shuffle, which an order in time does not allow."""
        return self.kind in (ITERATED, REPEATED)

    def place(self, fold: int) -> tuple[int, int]:
        """Return the round and the fold within it, both from 0, of the fit with this number, from 1."""
        return (fold - 1) // self.folds, (fold - 1) % self.folds


def parse_protocol(text: str) -> Protocol:
    """Parse a protocol as it is typed.

    Raises:
        BadOption: If it is none, or of too few folds or too many fits.
    """
    match = _FORM.fullmatch(text)
    kind, first, second = match.groups() if match else ("", None, None)
    if (kind, first, second) == (HOLDOUT, None, None):
        return Protocol(HOLDOUT)
    found = None
    if kind == KFOLD and first and not second:
        found = Protocol(KFOLD, folds=int(first))
    elif kind == ITERATED and first and second:
        found = Protocol(ITERATED, int(first), int(second))
    elif kind == REPEATED and first and not second:
        found = Protocol(REPEATED, rounds=int(first))
    if found is None:
        raise BadOption(f"protocol={short_value(text)}: expected {FORMS}")
    if found.folds == 1 and kind != REPEATED:
        raise BadOption(f"protocol={text}: one fold leaves nothing to learn from; {KFOLD}:2 is the least")
    if not 1 <= found.fits <= MOST_FITS:
        raise BadOption(f"protocol={text} makes {found.fits:,} fits; expected 1 to {MOST_FITS:,}")
    return found


def protocol_of(split: Options) -> tuple[Protocol, int]:
    """Return the protocol among a recipe's options of the split, and the number of the one fit that is made, or 0."""
    return parse_protocol(str(split.get("protocol", HOLDOUT))), int(split.get("fold", 0))


def choose_protocol(units: int, rarest: int, *, timed: bool) -> tuple[Protocol, str]:
    """Choose the protocol by the size of the data, with the reason in words.

    Args:
        units: Number of independent examples: of groups, where examples share them.
        rarest: Number of examples of the rarest class; ``units`` for a target without classes.
        timed: Whether the examples have an order in time.
    """
    if units >= ENOUGH_FOR_HOLDOUT:
        return Protocol(HOLDOUT), f"{units:,} are enough to hold one part out"
    folds = min(USUAL_FOLDS, rarest, units)
    if folds < 2:
        return Protocol(REPEATED, rounds=USUAL_FOLDS), f"{units:,} are few, and the rarest class has {rarest}"
    if timed:
        return Protocol(KFOLD, folds), f"{units:,} are too few for one hold-out; folds go forward in time"
    if units >= ENOUGH_FOR_ONE_ROUND:
        return Protocol(KFOLD, folds), f"{units:,} are too few for one hold-out: each is held out once"
    rounds = f"{units:,} are few: each is held out once in each of {USUAL_ROUNDS} rounds"
    return Protocol(ITERATED, folds, USUAL_ROUNDS), rounds
