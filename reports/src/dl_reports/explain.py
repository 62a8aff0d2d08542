"""Show the page of a finding code in the terminal, or the list of all codes."""

from __future__ import annotations

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from dl.cli.json_output import print_json
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.terminal import plain, safe_lines


def show_page(code: str, console: Console, *, as_json: bool = False, plugins: Plugins | None = None) -> None:
    """Print the page of a code.

    Raises:
        UnknownName: If no check has that code.
    """
    spec = (plugins or load_plugins()).check(code)
    page = spec.page()
    if as_json:
        print_json({"code": spec.name, "description": spec.description, "plugin": spec.plugin, "page": page})
    elif console.is_terminal:
        console.print(Markdown(safe_lines(page), hyperlinks=False))
    else:
        print(safe_lines(page), end="" if page.endswith("\n") else "\n")


def list_codes(console: Console, *, as_json: bool = False, plugins: Plugins | None = None) -> None:
    """Print every code with its description."""
    checks = (plugins or load_plugins()).checks
    if as_json:
        print_json([{"code": c.name, "description": c.description, "plugin": c.plugin} for c in checks.values()])
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for spec in checks.values():
        table.add_row(plain(f"  {spec.name}"), plain(spec.description))
    console.print(table)
