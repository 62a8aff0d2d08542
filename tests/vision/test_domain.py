"""Images as a domain: tables of paths and folders by class, recognized at a glance."""

import numpy as np
import pytest

from dl.errors import BadOption
from dl.options import check
from dl_vision import plugin
from dl_vision.domain import load, recognize


def test_the_domain_loads_and_draws():
    domain, _frames = plugin.register_domains()
    assert callable(domain.load().draw)


def reading(**options):
    return check(plugin.READING, options, "vision data")


@pytest.fixture
def paths(pets):
    """A table of the paths of the images, with a class each."""
    files = sorted(pets.rglob("*.png"))
    rows = "".join(f"{path.relative_to(pets)},{path.parent.name}\n" for path in files)
    (pets / "list.csv").write_text("image,label\n" + rows)
    return pets / "list.csv"


def test_a_folder_and_a_table_of_its_paths_hold_the_same_images(pets, paths):
    listed = load().open_path(paths, reading())
    paths.rename(pets.parent / "list.csv")
    folder = load().open_path(pets, reading())
    assert listed.train.names == folder.train.names == ("cat", "dog")
    assert np.array_equal(listed.train.inputs, folder.train.inputs)


def test_images_are_recognized_at_a_glance_and_nothing_else_is(pets, paths, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a text")
    (tmp_path / "words.csv").write_text("text,label\na good film,good\n")
    recognized = [recognize(path, {}) for path in (pets, paths, tmp_path / "texts", tmp_path / "words.csv")]
    assert recognized == [1.0, 1.0, 0.0, 0.0] and recognize(tmp_path / "texts" / "a.txt", {}) == 0.0


def test_options_of_a_table_are_refused_for_a_folder(pets):
    with pytest.raises(BadOption, match="target= is for a table"):
        load().open_path(pets, reading(target="label"))
