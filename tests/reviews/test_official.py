"""The official archive, as small ones of the same structure made here; only hash and sizes are injected."""

import gzip
import io
import socket
import tarfile
import threading
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from dl.cli.main import run
from dl.data.ragged import as_text
from dl.errors import BadFile
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl_reviews import plugin
from dl_reviews.official import ACL_IMDB, LARGEST, Archive, download, find, read
from dl_reviews.reviews import load_imdb

NAME = "aclImdb_v1.tar.gz"
EACH = 3


def published():
    files = {
        f"aclImdb/{half}/{kind}/{k}_{stars}.txt": f"{half} {kind} {k} déjà vu\x85".encode()
        for half in ("test", "train")
        for kind, stars in (("neg", 2), ("pos", 9))
        for k in range(EACH)
    }
    others = {"aclImdb/README": b"read me", "aclImdb/train/unsup/0_0.txt": b"\xff", "aclImdb/train/urls_pos.txt": b"u"}
    return files | others


def member(name, **fields):
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def make_archive(folder, files, *more):
    """Write an archive, and return it with what is known of it; ``more`` are members without content."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / NAME, "w:gz") as archive:
        for name, content in files.items():
            archive.addfile(member(name, size=len(content)), io.BytesIO(content))
        for info in more:
            archive.addfile(info)
    return folder / NAME, known(folder / NAME)


def known(path, url=f"https://example.invalid/{NAME}"):
    return Archive(url, sha256(path.read_bytes()).hexdigest(), EACH)


def unpack(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "aclImdb"


def test_the_real_archive_is_pinned():
    assert ACL_IMDB.name == NAME and ACL_IMDB.url.startswith("https://") and ACL_IMDB.per_class == 12_500
    assert len(bytes.fromhex(ACL_IMDB.sha256)) == 32


def test_both_halves_are_read_in_a_fixed_order(tmp_path):
    path, archive = make_archive(tmp_path, dict(reversed(published().items())))
    dataset = load_imdb(str(tmp_path), known=archive)
    test = dataset.open_test()
    assert as_text(dataset.train.inputs.row(0)) == "train neg 0 déjà vu\x85"
    assert [as_text(row)[:10].strip() for row in test.inputs] == [
        f"test {k}" for k in ("neg 0", "neg 1", "neg 2", "pos 0", "pos 1", "pos 2")
    ]
    assert dataset.train.targets.tolist() == test.targets.tolist() == [0, 0, 0, 1, 1, 1]
    assert dataset.train.sources[3] == "aclImdb/train/pos/0_9.txt"
    assert len(np.unique(np.concatenate([dataset.train.ids, test.ids]))) == 4 * EACH
    assert find(str(path), archive) == path


def test_an_archive_and_its_unpacked_folder_give_the_same(tmp_path):
    _, archive = make_archive(tmp_path / "packed", published())
    folder = unpack(tmp_path / "unpacked", published())
    first = load_imdb(str(tmp_path / "packed"), known=archive)
    for given in (folder, folder.parent):
        second = load_imdb(str(given), known=archive)
        for one, other in ((first.train, second.train), (first.open_test(), second.open_test())):
            assert one.inputs.values.tobytes() == other.inputs.values.tobytes()
            assert one.ids.tolist() == other.ids.tolist() and one.sources == other.sources


def test_the_card_says_that_the_halves_are_official(tmp_path):
    _, archive = make_archive(tmp_path, published())
    dataset = load_imdb(str(tmp_path), known=archive)
    assert "both official halves" in dataset.title and archive.url in dataset.source
    assert "the test set is the official one" in " ".join(dataset.notes)
    assert "dl's own" not in " ".join((dataset.title, *dataset.notes))


def test_the_test_half_stays_closed_until_it_is_opened(tmp_path):
    folder = unpack(tmp_path, {name: content for name, content in published().items() if "/test/" not in name})
    dataset = load_imdb(str(folder), known=Archive("https://example.invalid/x", "", EACH))
    with pytest.raises(BadFile, match=r"cannot be read"):
        dataset.open_test()


@pytest.mark.parametrize("given", ["empty", "missing", "a\0b", "~nobody-of-this-name/x", "x" * 5000, "file.txt/below"])
def test_a_folder_without_them_is_one_line_with_the_address(tmp_path, given):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(
        BadFile, match=r"holds neither aclImdb_v1.tar.gz nor a folder aclImdb  get it from https://"
    ) as caught:
        load_imdb(given if given.startswith("~") else str(tmp_path / given))
    assert "\n" not in str(caught.value) and "\0" not in str(caught.value)


def test_another_file_of_that_name_is_refused_before_it_is_opened(tmp_path):
    make_archive(tmp_path, published())
    with pytest.raises(BadFile, match=f"expected sha256 {ACL_IMDB.sha256}, found .* get it again"):
        load_imdb(str(tmp_path))


def test_an_archive_that_is_cut_off_or_none_is_one_line(tmp_path):
    path, _ = make_archive(tmp_path, published())
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"no archive", b"", gzip.compress(b"no tar inside" * 100)):
        path.write_bytes(content)
        with pytest.raises(BadFile) as caught:
            load_imdb(str(tmp_path), known=known(path))
        assert NAME in str(caught.value) and "get it again" in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_review_is_counted(tmp_path):
    files = published()
    del files["aclImdb/train/pos/1_9.txt"]
    _, archive = make_archive(tmp_path / "packed", files)
    folder = unpack(tmp_path / "unpacked", files)
    for given in (tmp_path / "packed", folder):
        with pytest.raises(BadFile, match="expected 3 negative and as many positive reviews in train, found 3 and 2"):
            load_imdb(str(given), known=archive)


def test_a_link_among_the_reviews_is_refused(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    name = "aclImdb/train/pos/7_9.txt"
    links = [
        member(name, type=tarfile.SYMTYPE, linkname=str(secret)),
        member(name, type=tarfile.LNKTYPE, linkname="aclImdb/README"),
        member(name, type=tarfile.FIFOTYPE),
    ]
    for info in links:
        _, archive = make_archive(tmp_path / "packed", published(), info)
        with pytest.raises(BadFile, match=f"{name} is not a plain file"):
            load_imdb(str(tmp_path / "packed"), known=archive)
    folder = unpack(tmp_path / "unpacked", published())
    (folder / "train/pos/7_9.txt").symlink_to(secret)
    with pytest.raises(BadFile, match=r"7_9.txt' is not a plain file"):
        load_imdb(str(folder), known=archive)


def test_members_with_other_names_are_passed_over_and_nothing_is_unpacked(tmp_path):
    outside = {
        str(tmp_path / "absolute.txt"): b"x",
        "../aclImdb/train/pos/8_9.txt": b"x",
        "/aclImdb/train/pos/8_9.txt": b"x",
        "aclImdb/train/pos/../../8_9.txt": b"x",
        "aclImdb/train/pos/8_9.txt\n": b"x",
    }
    _, archive = make_archive(tmp_path / "packed", published() | outside)
    before = sorted(tmp_path.rglob("*"))
    assert len(load_imdb(str(tmp_path / "packed"), known=archive).train) == 2 * EACH
    assert sorted(tmp_path.rglob("*")) == before


def test_a_review_of_more_than_a_mebibyte_is_refused(tmp_path):
    files = published() | {"aclImdb/train/pos/2_9.txt": b"x" * (LARGEST + 1)}
    _, archive = make_archive(tmp_path / "packed", files)
    for given in (tmp_path / "packed", unpack(tmp_path / "unpacked", files)):
        with pytest.raises(BadFile, match="not a plain file of at most 1,048,576 bytes"):
            load_imdb(str(given), known=archive)


def test_a_review_that_is_not_utf_8_is_named_with_its_byte(tmp_path):
    _, archive = make_archive(tmp_path, published() | {"aclImdb/train/pos/2_9.txt": b"abc\xff"})
    with pytest.raises(BadFile, match=r"aclImdb/train/pos/2_9.txt is not UTF-8 at byte 3"):
        load_imdb(str(tmp_path), known=archive)


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A real server on this machine, with an archive; and a cache folder of the test's own."""
    monkeypatch.setenv("DL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    path, _ = make_archive(tmp_path / "site", published())

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=path.parent)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield path, f"http://127.0.0.1:{server.server_address[1]}/{NAME}"
        server.shutdown()
        thread.join()


def test_a_download_is_kept_and_taken_again_without_the_network(served):
    path, url = served
    archive = known(path, url)
    dataset = load_imdb(official=True, known=archive)
    assert len(dataset.train) == len(dataset.open_test()) == 2 * EACH
    path.unlink()
    assert download(archive).read_bytes() and load_imdb(official=True, known=archive).train.ids.tolist()


def test_a_download_with_another_hash_is_refused_and_not_kept(served, tmp_path):
    with pytest.raises(BadFile, match=r"cannot be downloaded: .*hash.*data_dir=.*official=yes") as caught:
        download(Archive(served[1], "0" * 64, EACH))
    assert "\n" not in str(caught.value)
    assert not [found for found in (tmp_path / "cache").rglob("*") if found.is_file()]


def test_no_network_is_one_line_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("DL_CACHE", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/{NAME}"
        with pytest.raises(BadFile, match=r"cannot be downloaded: .*give the folder it lies in with data_dir="):
            load_imdb(official=True, known=Archive(url, "0" * 64, EACH))


def test_a_given_folder_wins_over_a_download(tmp_path):
    _, archive = make_archive(tmp_path, published())
    assert len(load_imdb(str(tmp_path), official=True, known=archive).train) == 2 * EACH


def test_the_options_reach_the_reader(tmp_path):
    spec = next(spec for spec in plugin.register_datasets() if spec.name == "imdb")
    assert [option.name for option in spec.options] == ["data_dir", "official"]
    assert [option.default for option in spec.options] == ["", False], "nothing is downloaded unless it is asked for"
    with pytest.raises(BadFile, match=r"holds neither"):
        spec.load({"data_dir": str(tmp_path), "official": False})


def test_reading_gives_the_reviews_one_by_one(tmp_path):
    path, archive = make_archive(tmp_path, published())
    given = list(read(path, "test", archive))
    assert [review.where for review in given] == sorted(n for n in published() if "/test/" in n)


@pytest.mark.parametrize("words", [("fit", "text", "imdb"), ("show", "imdb")])
def test_the_folder_is_given_with_a_flag_and_named_whole(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    assert run([*words, "--data-dir", "archive"]) == 3
    assert f"data_dir='{tmp_path}/archive' holds neither" in capsys.readouterr().err
    assert run([words[0], *words[1:], "--data-dir", "archive", "data_dir=archive"]) == 2
    assert "'data_dir' is given twice: --data-dir" in capsys.readouterr().err


def test_a_recipe_keeps_the_folder_so_that_it_is_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = resolve(load_plugins(), "text", "imdb", options={"data_dir": "archive"})
    assert recipe.data_options["data_dir"] == f"{tmp_path}/archive"
