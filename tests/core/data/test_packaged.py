from hashlib import sha256

import pytest

from dl.data.packaged import PackagedFile, locate, open_checked
from dl.errors import BadFile

CONTENT = b"one,two\nthree,four\n"
KNOWN = PackagedFile("ours-and-theirs", "1.2.3", "theirs/data.csv", sha256(CONTENT).hexdigest(), "words")
REPAIR = "pip install --force-reinstall --no-deps ours-and-theirs==1.2.3"


def test_a_file_is_found_beside_the_record_of_its_package_which_is_not_imported(site):
    module = site.add("theirs", "raise SystemExit('was imported')", distribution="ours-and-theirs", version="1.2.3")
    (site.folder / "theirs").mkdir()
    (site.folder / "theirs/data.csv").write_bytes(CONTENT)
    path = locate(KNOWN)
    with open_checked(path, KNOWN) as stream:
        assert stream.read() == CONTENT
    assert path == site.folder / "theirs/data.csv" and (site.folder / f"{module}.py").exists()


def test_a_package_that_is_not_installed_is_named_with_the_repair():
    with pytest.raises(BadFile) as caught:
        locate(KNOWN)
    assert str(caught.value) == f"the package ours-and-theirs with the words is not installed  {REPAIR}"


@pytest.mark.parametrize("content", [CONTENT.replace(b"e", b"f", 1), CONTENT[:-1], CONTENT + b"x", b""])
def test_a_file_of_other_bytes_is_refused_and_both_hashes_named(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(BadFile) as caught, open_checked(path, KNOWN):
        pass
    found = sha256(content).hexdigest()
    assert str(caught.value) == f"{str(path)!r}: expected sha256 {KNOWN.sha256}, found {found}  {REPAIR}"


@pytest.mark.parametrize("make", ["missing", "folder"])
def test_a_file_that_cannot_be_read_is_named_with_the_repair(tmp_path, make):
    path = tmp_path / "data.csv"
    if make == "folder":
        path.mkdir()
    with pytest.raises(BadFile) as caught, open_checked(path, KNOWN):
        pass
    said = str(caught.value)
    assert said.startswith(f"{str(path)!r} cannot be read: ") and said.endswith(f"  {REPAIR}") and "\n" not in said
