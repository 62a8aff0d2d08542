"""The lock names exactly the strangers' distributions with what only they need, each with the hash of its archive."""

import hashlib
import json

import pytest

from dl.errors import InstallFailed
from dl.packaging.lock import to_lock, write_lock
from dl.packaging.needs import closure


@pytest.fixture
def archive(tmp_path):
    """A function that makes an archive: archive("a") -> its path and hash."""

    def make(name):
        path = tmp_path / f"{name}-1.0-py3-none-any.whl"
        path.write_bytes(name.encode())
        return path, hashlib.sha256(name.encode()).hexdigest()

    return make


@pytest.fixture
def alone(site, monkeypatch):
    """A folder of distributions that is the whole environment of this process, with what it is told of each."""
    monkeypatch.setattr("dl.packaging.lock.environment", lambda: [str(site.folder)])

    def add(name, requires=(), origin=None, point="plugin"):
        site.add(point, "", requires=requires, distribution=name)
        info = site.folder / f"{name.replace('-', '_')}-1.0.dist-info"
        if origin is not None:
            (info / "direct_url.json").write_text(json.dumps(origin))

    return add


def test_what_a_distribution_needs_is_followed_to_the_end_with_extras_and_markers(alone):
    alone("one", ["two[fast]", "numpy; python_version < '3'", "nowhere", "not a requirement !"], point="one")
    alone("two", ["three; extra == 'fast'", "four; extra == 'slow'", "one"], point="two")
    for name in ("three", "four"):
        alone(name, point=name)
    assert closure(["one"]) == {"one", "two", "three"} and closure(["three"]) == {"three"}


def test_what_dl_itself_needs_is_not_locked(alone):
    alone("dl-mine", ["dl-workbench-core", "numpy", "needed"])
    alone("needed", point="other")
    assert to_lock() == ["dl-mine", "needed"]


@pytest.mark.parametrize("spelling", ["hashes", "hash", "none"])
def test_an_archive_is_locked_by_where_it_came_from_and_its_hash(alone, archive, tmp_path, spelling):
    path, digest = archive("mine")
    noted = {"hashes": {"hashes": {"sha256": digest}}, "hash": {"hash": f"sha256={digest}"}, "none": {}}[spelling]
    alone("dl-mine", origin={"url": f"file://{path}", "archive_info": noted})
    assert write_lock(tmp_path / "dl.lock") == ["dl-mine"]
    *head, line = (tmp_path / "dl.lock").read_text().splitlines()
    assert line == f"dl-mine @ file://{path} --hash=sha256:{digest}"
    assert head[1] == "# Install it with: dl install --lock dl.lock"


def test_what_was_installed_from_a_folder_has_no_hash_and_no_lock_is_written(alone, tmp_path):
    alone("dl-mine", origin={"url": "file:///home/me/my%20plugin", "dir_info": {"editable": True}})
    with pytest.raises(InstallFailed, match="without a hash: dl-mine from '/home/me/my plugin'  build a wheel of it"):
        write_lock(tmp_path / "dl.lock")
    assert not (tmp_path / "dl.lock").exists()


def test_an_archive_that_is_gone_cannot_be_locked(alone, tmp_path):
    alone("dl-mine", origin={"url": f"file://{tmp_path}/gone.whl", "archive_info": {}})
    with pytest.raises(InstallFailed, match=r"no hash is recorded for file://.*gone\.whl  install dl-mine again"):
        write_lock(tmp_path / "dl.lock")


def test_where_there_is_no_plugin_of_a_stranger_the_lock_is_empty(alone, tmp_path):
    assert write_lock(tmp_path / "dl.lock") == []
    assert all(line.startswith("#") for line in (tmp_path / "dl.lock").read_text().splitlines())
