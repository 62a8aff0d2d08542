"""Show the page of a finding code or of a word in the terminal, or the list of all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dl.cli.json_output import print_json
from dl.plugins.registered import registered
from dl.plugins.registry import Plugins
from dl.specs import CheckSpec
from dl.terminal import plain, safe_lines
from dl_reports.glossary import Word, find_word, unknown_word, words
from dl_reports.render.trimmed import Trimmed

WIDEST = 100  # columns; a longer line of words is hard to read
INDENT = 2


def show_page(name: str, console: Console, *, as_json: bool = False, plugins: Plugins | None = None) -> None:
    """Print the page of a code or a word.

    Raises:
        UnknownName: If no check has that code, and no word that name.
    """
    checks = (plugins or registered()).checks
    if name in checks:
        _show_code(checks[name], console, as_json=as_json)
    elif (word := find_word(name)) is None:
        raise unknown_word(name, checks)
    elif as_json:
        print_json({"word": word.name} | {key: value for key, value in asdict(word).items() if key != "name"})
    else:
        _print(console, _page(word, checks, marked=not console.is_terminal))


def list_all(console: Console, *, as_json: bool = False, plugins: Plugins | None = None) -> None:
    """Print every code with its description, and every word, both by group."""
    checks = (plugins or registered()).checks
    if as_json:
        codes = [{"code": c.name, "description": c.description, "plugin": c.plugin} for c in checks.values()]
        named = [{"word": w.name, "group": w.group, "description": w.gist} for w in words()]
        print_json({"codes": codes, "words": named})
        return
    _print(console, Group(_codes(checks), Text(), _words(), Text(), plain("dl explain WORD, as dl explain gap", "dim")))


def explained() -> list[tuple[str, str]]:
    """Return the codes and words as they are typed, each with a line about it."""
    codes = [(spec.name, spec.description) for spec in registered().checks.values()]
    return codes + [(word.typed, word.gist) for word in words()]


def _show_code(spec: CheckSpec, console: Console, *, as_json: bool) -> None:
    page = spec.page()
    if as_json:
        print_json({"code": spec.name, "description": spec.description, "plugin": spec.plugin, "page": page})
    elif console.is_terminal:
        from rich.markdown import Markdown  # here, so that a word does not wait for it

        _print(console, Markdown(safe_lines(page), hyperlinks=False))
    else:
        print(safe_lines(page), end="" if page.endswith("\n") else "\n")


def _page(word: Word, checks: Mapping[str, CheckSpec], *, marked: bool) -> RenderableType:
    """Lay out a word: name and group, meaning, picture, place in a report, remedy, and what to explain next."""
    head = Table.grid(expand=True)
    head.add_column()
    head.add_column(justify="right")
    head.add_row(Text(word.name, style="bold"), Text(word.group, style="dim"))
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    facts.add_row("in dl", _with_commands(word.report, marked=marked))
    facts.add_row("to do", _with_commands(word.do, marked=marked))
    for label, code in zip(("see", *[""] * len(word.codes)), (c for c in word.codes if c in checks), strict=False):
        facts.add_row(label, Text.assemble((f"dl explain {code}", "bold"), f"  {checks[code].description}"))
    picture = Text(word.picture, no_wrap=True, overflow="crop")
    body = Group(_with_commands(word.means, marked=marked), Text(), picture, Text(), facts)
    return Group(head, Padding(body, (0, 0, 0, INDENT), expand=False))


def _with_commands(text: str, *, marked: bool) -> Text:
    """Return a text whose commands, between backticks, are bold; where there is no bold the backticks stay."""
    if marked:
        return Text(text)
    return Text.assemble(*((part, "bold" if k % 2 else "") for k, part in enumerate(re.split("`", text))))


def _codes(checks: Mapping[str, CheckSpec]) -> RenderableType:
    """Lay out the codes, those of a group together."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(Text("findings", style="bold"))
    for spec in sorted(checks.values(), key=_group):
        table.add_row(plain(f"  {spec.name}"), plain(spec.description))
    return table


def _group(spec: CheckSpec) -> tuple[bool, str]:
    """Return the group of a code, dl's own before others."""
    group = spec.name.partition("-")[0]
    return group not in ("fit", "data", "health"), group


def _words() -> RenderableType:
    """Lay out the words, a row for each group."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_row(Text("words", style="bold"))
    for group, members in groupby(words(), key=lambda word: word.group):
        table.add_row(Text(f"  {group}", style="dim"), Text(", ".join(word.name for word in members)))
    return table


def _print(console: Console, shown: RenderableType) -> None:
    width = min(console.width, WIDEST)
    console.print(Trimmed(shown), width=width)
