"""The arrows inside core: which room imports which, read from every import statement.

python -m tools.arrows    write the block of arrows in docs/architecture.md anew; a test holds that it is up to date

A room is a folder or a module of `dl`; what a folder's modules import from one another is the room's own affair. Rooms
stand in an order in which each imports rooms above it alone, where there is one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/architecture.md"
CORE = ROOT / "packages/core/src/dl"
COPIED = "templates"  # a folder that is copied into new plugins, and imported by nobody
BEGIN, END = "<!-- arrows -->", "<!-- /arrows -->"


@dataclass
class Room:
    """What a room imports.

    Args:
        running: Rooms that it imports when it runs, at the top of a module or inside a function.
        types: Rooms that it imports for annotations alone.
    """

    running: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)


def read_rooms(core: Path) -> dict[str, Room]:
    """Read the rooms of a package and what each imports of the others."""
    package = core.name
    files = [path for path in sorted(core.rglob("*.py")) if COPIED not in path.relative_to(core).parts]
    home = {path: _room_of(path.relative_to(core), package) for path in files}
    rooms = {name: Room() for name in home.values()}
    for path, own in home.items():
        for imported, for_types in imports_of(ast.parse(path.read_text(encoding="utf-8"))):
            other = _imported_room(imported, package, rooms)
            if other and other != own:
                (rooms[own].types if for_types else rooms[own].running).add(other)
    for room in rooms.values():
        room.types -= room.running
    return rooms


def _room_of(inside: Path, package: str) -> str:
    """Return the room of a module; that of the package's own ``__init__`` bears the package's name."""
    first = inside.parts[0].removesuffix(".py")
    return package if first == "__init__" else first


def _imported_room(imported: str, package: str, rooms: Mapping[str, Room]) -> str:
    """Return the room that an import leads to; empty for what is not of the package."""
    first, _, rest = imported.partition(".")
    if first != package:
        return ""
    inside = rest.partition(".")[0]
    return inside if inside in rooms else package


def imports_of(node: ast.AST, for_types: bool = False) -> Iterator[tuple[str, bool]]:
    """Give the dotted name of everything that is imported below a node, and whether for annotations alone."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, for_types) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from ((f"{node.module}.{alias.name}", for_types) for alias in node.names)
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        for statement in node.body:
            yield from imports_of(statement, True)
        for statement in node.orelse:
            yield from imports_of(statement, for_types)
    else:
        for child in ast.iter_child_nodes(node):
            yield from imports_of(child, for_types)


def in_order(rooms: Mapping[str, Room]) -> list[str]:
    """Order rooms so that each stands below those it imports; in a circle, first the one that waits for fewest."""
    placed: list[str] = []
    while waiting := sorted(set(rooms) - set(placed)):
        lacking = {name: len(rooms[name].running - set(placed)) for name in waiting}
        fewest = min(lacking.values())
        ready = [name for name in waiting if lacking[name] == fewest]
        placed += ready if fewest == 0 else ready[:1]
    return placed


def draw(rooms: Mapping[str, Room]) -> str:
    """Write one line for each room: what it imports, and in brackets what it imports for annotations alone."""
    order = in_order(rooms)
    width = max(map(len, order)) + 2
    lines = []
    for name in order:
        running = [one for one in order if one in rooms[name].running]
        types = [one for one in order if one in rooms[name].types]
        words = [", ".join(running), f"({', '.join(types)})" if types else ""]
        lines.append(f"{name:{width}}{' '.join(filter(None, words))}".rstrip())
    return "\n".join(["```text", *lines, "```"])


def with_arrows(page: str, block: str) -> str:
    """Return the page with this block between its marks.

    Raises:
        ValueError: If the marks are not there.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no block between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


def main() -> None:
    """Write the arrows of core into the architecture."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_arrows(page, draw(read_rooms(CORE))), encoding="utf-8")


if __name__ == "__main__":
    main()
