"""Find the branches of a table: which domain reads which columns, as the user named them or by their cells.

A column that two domains might read is said with both readings, and how to choose the other one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dl.domain import Claim, ColumnKind, Domain
from dl.errors import BadData, BadOption
from dl.options import Options
from dl.tables.columns import Column, list_names, named_columns, quote, split_names
from dl.tables.stream import file_name
from dl.words import many

CATEGORIES = "categories"  # option of the columns that are read as categories whatever they hold


@dataclass(frozen=True)
class Member:
    """A domain among those that are composed.

    Args:
        name: Of the domain.
        noun: Of its columns, and the option that lists them.
        domain: Its functions.
        options: Names of its options, by their names among the options of all.
    """

    name: str
    noun: str
    domain: Domain
    options: Mapping[str, str]

    @property
    def kind(self) -> ColumnKind:
        """How it reads columns of a table."""
        assert self.domain.columns is not None  # else it is no member
        return self.domain.columns

    def own(self, options: Options) -> Options:
        """Return the options of this domain under their own names."""
        return {own: options[name] for name, own in self.options.items() if name in options}


@dataclass(frozen=True)
class Branch:
    """One kind of input of a table.

    Args:
        name: Of its column; of several columns the noun for them.
        member: The domain that reads it.
        columns: The columns that it is read from.
        words: Description of their cells.
    """

    name: str
    member: Member
    columns: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Found:
    """The branches of a table.

    Args:
        branches: In the order of the members.
        notes: What was found, what might be read otherwise, and what was left out.
    """

    branches: tuple[Branch, ...]
    notes: tuple[str, ...]

    @property
    def domains(self) -> int:
        """Number of different domains."""
        return len({branch.member.name for branch in self.branches})


def find_branches(columns: Mapping[str, Column], path: Path, members: Sequence[Member], options: Options) -> Found:
    """Find the branches of a table.

    Args:
        columns: The first cells of each input column.
        path: Of the table.
        members: The domains to choose from.
        options: With the columns that the user named, by the noun of each member.

    Raises:
        BadOption: If a named column does not exist, or is named for two kinds.
    """
    named = _named(columns, path, members, options)
    taken: dict[str, Branch] = {}
    notes: list[str] = []
    for member in (one for one in members if not one.kind.together):
        for name in (name for name in columns if name not in taken and named.get(name, member.name) == member.name):
            claim = member.kind.claims(columns[name], path.parent)
            if name in named:
                taken[name] = Branch(name, member, (name,), "as asked" if claim is None else claim.words)
            elif claim is not None and claim.sure and not options.get(member.noun):
                taken[name] = Branch(name, member, (name,), claim.words)
            elif claim is not None and not options.get(member.noun):
                notes.append(_either(name, member, claim))
    found = list(taken.values())
    for member in (one for one in members if one.kind.together):
        rest = [name for name in columns if name not in taken and _may_have(member, name, named, options)]
        if rest and (options.get(member.noun) or any(member.kind.claims(columns[name], path.parent) for name in rest)):
            noun = member.noun if member.noun not in taken else f"other {member.noun}"
            found.append(Branch(noun, member, tuple(rest), many(len(rest), "column")))
            taken |= dict.fromkeys(rest, found[-1])
    gone = [name for name in columns if name not in taken]
    left_out = [f"left out, as no kind of input reads them: {list_names(map(quote, gone))}"] if gone else []
    return Found(tuple(found), (*_described(found), *notes, *left_out))


def _may_have(member: Member, name: str, named: Mapping[str, str], options: Options) -> bool:
    """Return whether a column that nobody took is one of this member, which takes all of them unless some are named."""
    return named.get(name) == member.name if options.get(member.noun) else name not in named


def _described(found: Sequence[Branch]) -> list[str]:
    """Return the note on all branches."""
    if not found:
        return []
    words = [f"{quote(one.name)} ({one.member.name}: {one.words})" for one in found]
    return [f"{many(len(found), 'branch', 'branches')}: {', '.join(words)}"]


def _either(name: str, member: Member, claim: Claim) -> str:
    """Return the note on a column that this member might read, and another one does."""
    return f"column {quote(name)} may be {claim.words}; read with the other columns  otherwise: {member.noun}={name}"


def _named(columns: Mapping[str, Column], path: Path, members: Sequence[Member], options: Options) -> dict[str, str]:
    """Return the member of each column that the user named.

    Raises:
        BadOption: If a column does not exist, or is named for two kinds.
    """
    found: dict[str, str] = {}
    nouns: dict[str, str] = {}
    for member in members:
        listed = str(options.get(member.noun, ""))
        for name in named_columns(path, tuple(columns), listed, member.noun, "input column") if listed else ():
            if name in found:
                raise BadOption(f"column {quote(name)} is named by {nouns[name]}= and {member.noun}=; name it once")
            found[name], nouns[name] = member.name, member.noun
    together = {member.name for member in members if member.kind.together}
    for name in split_names(str(options.get(CATEGORIES, ""))):
        if name in found and found[name] not in together:
            raise BadOption(
                f"column {quote(name)} is named by {nouns[name]}= and by {CATEGORIES}=: it is one or the other; name "
                "it once"
            )
        if name in columns and name not in found:
            found[name] = next(iter(together), "")
    return found


def need_several(found: Found, path: Path) -> None:
    """Refuse a table whose columns are all of one kind.

    Raises:
        BadData: Naming the kind and the domain that reads it alone.
    """
    if len(found.branches) > 1:
        return
    if not found.branches:
        raise BadData(f"{file_name(path)}: no column holds an input that can be read")
    (one,) = found.branches
    raise BadData(
        f"{file_name(path)} has inputs of one kind alone, {one.member.noun} ({one.words}); fit it so: "
        f"dl fit {one.member.name} {file_name(path)}"
    )
