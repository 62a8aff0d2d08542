"""The site: Sphinx reads the Markdown where it lies, from the root of the repository; ``make site`` builds it.

The pages are plain Markdown, which a code host shows as well. What only a site needs is added while Sphinx reads them:
its contents, from the pages' lists of links, and the documentation of the Python names, from their docstrings.
"""

from __future__ import annotations

import re
from posixpath import dirname, normpath
from typing import TYPE_CHECKING

import dl

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "dl"
version = release = dl.__version__

root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "benchmarks/README.md",
    "reports/gallery/**.md",
    "reports/src/dl_reports/codes/*.md",
]
exclude_patterns = [".*", "build", "dist", "packages", "plugins", "runs", "tests"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
autodoc_typehints = "description"
napoleon_use_rtype = False

html_theme = "furo"
html_title = "dl"
html_extra_path = ["root"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

CONTENTS = ("docs/index", "docs/codes/README", "reports/gallery/README")  # their links are the contents of the site
NAMES = "docs/api"

_HEADING = re.compile(r"^## (.+)$")
_ENTRY = re.compile(r"^(?:- |\| )(.+?)(?: - | \|).*$")  # of a list or a table: its first words
_PAGE = re.compile(r"\[([^]]+)\]\(([^)#]+\.md)\)")


def contents_of(page: str, folder: str) -> str:
    """Return hidden contents: a tree for each heading, of the pages that the lists and tables below it link."""
    trees: dict[str, list[str]] = {}
    caption = ""
    for line in page.splitlines():
        if heading := _HEADING.match(line):
            caption = f":caption: {heading[1]}\n"
        if (entry := _ENTRY.match(line)) and (link := _PAGE.search(line)):
            title = _PAGE.sub(r"\1", entry[1])
            trees.setdefault(caption, []).append(f"{title} </{normpath(f'{folder}/{link[2]}')}>\n")
    return "".join(f"\n```{{toctree}}\n:hidden:\n{caption}\n{''.join(pages)}```\n" for caption, pages in trees.items())


def names_of_dl() -> str:
    """Return directives that document every public name."""
    lines = []
    for name in sorted(dl.__all__):
        if isinstance(getattr(dl, name), type):
            lines += [f".. autoclass:: dl.{name}", "   :members:", ""]
        else:
            lines += [f".. autofunction:: dl.{name}", ""]
    return "\n```{eval-rst}\n" + "\n".join(lines) + "\n```\n"


def add_to_page(_app: Sphinx, name: str, source: list[str]) -> None:
    """Add to the source of a page what a code host need not show."""
    page = source[0]
    if name in CONTENTS:
        page += contents_of(page, dirname(name))
    if name == NAMES:
        page += names_of_dl()
    if name.startswith("reports/gallery/"):
        page = page.removeprefix("##")  # a report is made for a comment, so it begins with a small heading
    source[0] = page


def setup(app: Sphinx) -> None:
    """Let Sphinx call what is above."""
    app.connect("source-read", add_to_page)
