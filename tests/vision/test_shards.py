"""Shards are read as the folders that they were made of: the same pixels, classes and names."""

import gzip
import io
import lzma
import tarfile

import numpy as np
import pytest
from PIL import Image

from dl.errors import BadData, BadFile
from dl_vision.domain import open_path, open_unlabelled, recognize
from dl_vision.shards import holds_shards

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


def test_a_link_to_itself_is_no_shard(tmp_path):
    (tmp_path / "pets").mkdir()
    (tmp_path / "pets" / "self.png").symlink_to("self.png")
    assert not holds_shards(tmp_path / "pets")


PETS = (("0.png", png(1)), ("0.cls", b"cat"), ("1.png", png(2)), ("1.cls", b"dog"))


def test_a_shard_that_is_cut_off_anywhere_is_refused(shard):
    folder = shard("a.tar", *PETS)
    whole = (folder / "a.tar").read_bytes()
    with tarfile.open(folder / "a.tar") as made:
        end = max(member.offset_data for member in made) + tarfile.BLOCKSIZE
    for cut in range(1, end + 1, 256):
        (folder / "a.tar").write_bytes(whole[:cut])
        with pytest.raises(BadFile, match=r"a.tar' cannot be read as a tar file: (it is cut off|unexpected|truncated)"):
            open_path(folder, OPTIONS)


def test_a_damaged_header_hides_no_images(shard):
    folder = shard("a.tar", *PETS)
    content = bytearray((folder / "a.tar").read_bytes())
    with tarfile.open(folder / "a.tar") as made:
        third = made.getmembers()[2].offset
    content[third] ^= 1
    (folder / "a.tar").write_bytes(content)
    with pytest.raises(BadFile, match=f"it is damaged at byte {third:,}"):
        open_path(folder, OPTIONS)


def test_tar_files_that_were_joined_are_refused_since_the_second_would_be_passed_over(shard):
    folder = shard("a.tar", *PETS)
    (folder / "a.tar").write_bytes((folder / "a.tar").read_bytes() * 2)
    with pytest.raises(BadFile, match=r"goes on behind its end mark at byte .*, as tar files that were joined"):
        open_path(folder, OPTIONS)


@pytest.mark.parametrize(
    ("name", "pack", "kind"), [("a.tar.gz", gzip.compress, "gzip"), ("a.tar", lzma.compress, "xz")]
)
def test_a_compressed_shard_is_refused_whatever_it_is_called(shard, name, pack, kind):
    folder = shard("a.tar", *PETS)
    content = pack((folder / "a.tar").read_bytes())
    (folder / "a.tar").unlink()
    (folder / name).write_bytes(content)
    assert recognize(folder, OPTIONS) == 1.0
    with pytest.raises(BadFile, match=f"{name}' is compressed by {kind}; keep shards as plain tar files"):
        open_path(folder, OPTIONS)


def test_a_caption_is_no_class_and_is_named(shard):
    folder = shard("a.tar", ("0.png", png(1)), ("0.txt", b"a cat"), ("1.png", png(2)), ("1.txt", b"a dog"))
    with pytest.raises(BadData, match=r"a.tar/0.png' has no class but a .txt, as 1 other of 2 images; expected tar"):
        open_path(folder, OPTIONS)


def test_two_images_of_one_sample_are_refused_rather_than_one_of_them_taken(shard):
    folder = shard("a.tar", ("0.left.png", png(1)), ("0.right.png", png(2)), ("0.cls", b"1"))
    with pytest.raises(BadFile, match=r"0.left.png and 0.right.png are two images of one sample"):
        open_path(folder, OPTIONS)


def test_of_a_member_that_was_written_again_the_later_counts(shard):
    folder = shard("a.tar", *PETS, ("0.png", png(9)))
    assert open_path(folder, OPTIONS).train.inputs[:, 0, 0, 0].tolist() == [9, 2]


def test_hidden_members_and_an_index_beside_the_shards_are_passed_over(shard):
    folder = shard("a.tar", *PETS, ("._0.png", b"of macOS"))
    for name in ("shardindex.json", "a.idx", "README.md"):
        (folder / name).write_text("{}")
    assert len(open_path(folder, OPTIONS).train) == 2
    (folder / "cat.png").write_bytes(png(1))
    assert not holds_shards(folder)


def test_shards_of_the_package_webdataset_are_read(tmp_path, capsys):
    import webdataset

    with webdataset.ShardWriter(str(tmp_path / "shards-%06d.tar"), maxcount=4) as writer:
        for number in range(10):
            label = ["katze\n", "hund"][number % 2]
            pixels = np.full((8, 8, 3), 20 * number, np.uint8)
            named = {"__key__": f"a.b/sub {'n' * 120}/ä{number}", "image.png": pixels, "cls": label}
            writer.write(named | {"meta.json": {"at": number}, "txt": "a caption"})
    capsys.readouterr()
    train = open_path(tmp_path, OPTIONS).train
    assert train.inputs[:, 0, 0, 0].tolist() == [20 * number for number in range(10)]
    assert [train.names[label] for label in train.targets] == ["katze", "hund"] * 5
