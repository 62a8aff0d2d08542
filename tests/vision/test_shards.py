"""Shards are read as the folders that they were made of: the same pixels, classes and names."""

import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from dl.errors import BadData, BadFile
from dl_vision.domain import open_path, open_unlabelled, recognize

OPTIONS = {"size": 0, "colour": "auto", "bad_files": "stop"}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DL_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def shard(tmp_path):
    """A function that writes a tar file of (name, content) pairs."""

    def write(name, *members):
        path = tmp_path / "shards" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(path, "w") as made:
            for member, content in members:
                info = tarfile.TarInfo(member)
                info.size = len(content)
                made.addfile(info, io.BytesIO(content))
        return tmp_path / "shards"

    return write


def png(grey):
    stream = io.BytesIO()
    Image.fromarray(np.full((4, 4), grey, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def test_images_and_classes_come_from_all_shards(shard):
    shard("b.tar", ("0.png", png(20)), ("0.cls", b"10\n"), ("1.cls", b"2"), ("1.png", png(30)))
    folder = shard("a.tar", ("x/0.json", b"{}"), ("x/0.png", png(10)), ("x/0.cls", b"2"))
    assert recognize(folder, OPTIONS) == 1.0
    train = open_path(folder, OPTIONS).train
    assert train.inputs[:, 0, 0, 0].tolist() == [10, 20, 30]
    assert [train.names[label] for label in train.targets] == ["2", "10", "2"] and train.names == ("2", "10")
    assert train.sources == ("a.tar/x/0.png", "b.tar/0.png", "b.tar/1.png")
    assert isinstance(open_path(folder, OPTIONS).train.inputs, np.memmap)  # from the cache
    assert len(open_unlabelled(folder, OPTIONS).train) == 3


def test_splits_lie_in_folders_of_their_own(shard):
    two = (("0.png", png(1)), ("0.cls", b"cat"), ("1.png", png(2)), ("1.cls", b"dog"))
    shard("train/0.tar", *two), shard("val/0.tar", *two[2:])
    folder = shard("test/0.tar", *two[:2])
    data = open_path(folder, OPTIONS)
    assert (len(data.train), data.val.targets.tolist(), data.open_test().targets.tolist()) == (2, [1], [0])


def test_what_is_no_shard_is_refused_with_its_name(shard):
    folder = shard("a.tar", ("0.png", png(1)), ("1.cls", b"cat"))
    with pytest.raises(BadData, match=r"a.tar/0.png' has no class; expected tar files with an image and its class"):
        open_path(folder, OPTIONS)
    (folder / "a.tar").write_bytes((folder / "a.tar").read_bytes()[:520])
    with pytest.raises(BadFile, match=r"a.tar' cannot be read as an uncompressed tar file: .*"):
        open_path(folder, OPTIONS)
    shard("a.tar", ("0.txt", b"nothing"))
    with pytest.raises(BadData, match="holds no image; expected tar files"):
        open_path(folder, OPTIONS)


def test_a_link_in_a_shard_leads_nowhere(shard, tmp_path):
    folder = shard("a.tar", ("0.png", png(1)), ("0.cls", b"cat"), ("1.png", png(2)), ("1.cls", b"dog"))
    with tarfile.open(folder / "a.tar", "a") as made:
        link = tarfile.TarInfo("2.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    assert len(open_path(folder, OPTIONS).train) == 2
