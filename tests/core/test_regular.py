"""Only regular files are opened; anything else is an OSError that names what it is, at once."""

import os
import re
import socket
from pathlib import Path

import pytest

from dl.regular import check_regular, open_regular, read_bytes, read_text

ROOT = Path(__file__).parents[2]
OURS = [
    path
    for part in ("packages/*/src", "reports/src", "plugins/*/src")
    for folder in ROOT.glob(part)
    for path in folder.rglob("*.py")
    if "templates" not in path.parts
]
# Modules that open files which lie in an installed package, or that a project of its own brings, or go without dl.
OTHERS = {
    "regular.py",
    "discovery.py",
    "scaffold.py",
    "specs.py",
    "idx.py",
    "as_json.py",
    "html.py",
    "registry.py",
    "lock.py",
    "loader.py",
    "glossary.py",
    "pages.py",
}


def test_a_regular_file_is_read_and_a_link_to_one_as_well(tmp_path):
    (tmp_path / "a").write_bytes(b"one\r\ntwo")
    (tmp_path / "link").symlink_to("a")
    assert read_bytes(tmp_path / "link") == b"one\r\ntwo" and read_text(str(tmp_path / "a")) == "one\ntwo"
    with open_regular(tmp_path / "a") as stream:
        assert stream.read(3) == b"one"


@pytest.mark.parametrize("kind", ["a FIFO", "a device", "a folder", "a socket"])
def test_anything_else_is_named_and_not_opened(tmp_path, kind):
    path = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as made:
        {
            "a FIFO": lambda: os.mkfifo(path),
            "a device": lambda: path.symlink_to("/dev/zero"),
            "a folder": path.mkdir,
            "a socket": lambda: made.bind(os.path.relpath(path)),
        }[kind]()
        with pytest.raises(OSError, match=f"^it is {kind}, not a regular file$"):
            read_bytes(path)


def test_what_is_missing_is_missing_and_so_is_a_name_that_no_file_can_have(tmp_path):
    for name in ("gone", "a\0b"):
        with pytest.raises(FileNotFoundError):
            check_regular(tmp_path / name)


READS = re.compile(
    r"""(?<!regular)\.read_(?:text|bytes)\(|(?<!gzip)(?<!lzma)(?<!bz2)\.open\("rb?"|(?<![.\w])open\([^)]*"rb?\""""
)


def test_no_other_module_opens_a_file_to_read_it():
    found = {
        f"{path.name}: {line.strip()}"
        for path in OURS
        if path.name not in OTHERS and "testing" not in path.parts
        for line in path.read_text().splitlines()
        if READS.search(line)
    }
    assert found == set()
