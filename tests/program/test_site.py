"""The site: its contents are the lists of links of the pages, and it is built without a warning and fetches nothing."""

import re
import runpy
import subprocess
import sys
from importlib.resources import files

import pytest

import dl
from tools.pages import ROOT


@pytest.fixture(scope="module")
def conf():
    """What the configuration of the site defines."""
    return runpy.run_path(str(ROOT / "docs/site/conf.py"))


def test_the_contents_are_the_pages_that_lists_and_tables_link_under_their_headings(conf):
    page = """# dl
Text with a [link](other.md).

## Guide

- [Images](images.md) - a folder
- [Figures](../benchmarks/README.md) - measured

## More

| fit | report |
| :-- | :-- |
| `dense` on digits | [page](dense/report.html), [Markdown](dense/report.md) |
"""
    guide, more = re.findall(
        r"```\{toctree\}\n:hidden:\n:caption: (.+)\n\n((?:.+\n)+)```", conf["contents_of"](page, "docs")
    )
    assert guide == ("Guide", "Images </docs/images.md>\nFigures </benchmarks/README.md>\n")
    assert more == ("More", "`dense` on digits </docs/dense/report.md>\n")


def test_a_list_without_a_heading_makes_contents_without_a_caption(conf):
    assert conf["contents_of"]("- [a](a.md) - b\n", ".") == "\n```{toctree}\n:hidden:\n\na </a.md>\n```\n"


def test_every_public_name_is_documented(conf):
    directives = conf["names_of_dl"]()
    assert re.findall(r"auto(?:class|function):: dl\.(\w+)", directives) == sorted(dl.__all__)
    assert ".. autoclass:: dl.Run\n   :members:" in directives


@pytest.mark.slow
def test_it_is_built_without_a_warning_and_fetches_nothing(tmp_path):
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-c",
        ROOT / "docs/site",
        "-d",
        tmp_path / "d",
    ]
    done = subprocess.run([*command, ROOT, tmp_path / "site"], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    pages = {page.relative_to(tmp_path / "site"): page.read_text() for page in (tmp_path / "site").rglob("*.html")}
    assert len(pages) > 50
    for name, page in pages.items():
        if "_downloads" not in name.parts:
            assert not re.search(r'<(?:script|img|link)[^>]*(?:src|href)="(?:https?:)?//', page), name
    api = (tmp_path / "site/docs/api.html").read_text()
    assert all(f'id="dl.{name}"' in api for name in dl.__all__)
    codes = {entry.name.removesuffix(".md") for entry in files("dl_reports").joinpath("codes").iterdir()}
    assert codes == {page.stem for page in (tmp_path / "site/reports/src/dl_reports/codes").glob("*.html")}
