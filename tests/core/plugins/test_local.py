import json
import os
from pathlib import Path

import pytest

from dl.errors import BadFile, CannotWrite, UnknownName
from dl.plugins import local
from dl.plugins.loading import inspect_plugins, load_plugins
from dl.plugins.states import PluginWarning


@pytest.fixture
def folder(site, good, tmp_path, monkeypatch):
    """A current folder with two plugins of one file each."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "dl_plugins"
    made.mkdir()
    (made / "one.py").write_text(good("one-data"))
    (made / "two.py").write_text(good("two-data"))
    return made


def datasets():
    return {name for _, name in inspect_plugins().datasets} & {"one-data", "two-data", "three-data"}


def test_code_of_a_folder_runs_only_after_a_yes(folder):
    (folder / "loud.py").write_text("from pathlib import Path\nPath('ran').touch()\n")
    with pytest.warns(PluginWarning) as caught:
        load_plugins()
    assert [str(one.message) for one in caught] == [
        "not run, since ./dl_plugins is not trusted as it is now: loud.py, one.py, two.py"
        "  read them, then: dl plugins trust"
    ]
    assert datasets() == set() and not Path("ran").exists()
    local.trust(folder)
    assert datasets() == {"one-data", "two-data"} and Path("ran").exists()


def test_untrusted_files_do_not_fail_strict_mode_and_are_silent_when_switched_off(folder, monkeypatch):
    monkeypatch.setenv("DL_STRICT_PLUGINS", "1")
    with pytest.warns(PluginWarning, match="not run"):
        load_plugins()
    monkeypatch.setenv("DL_PLUGINS", "none")
    load_plugins()


def test_a_changed_file_and_a_new_one_ask_again_and_the_others_go_on(folder, good):
    local.trust(folder)
    (folder / "two.py").write_text(good("two-data", then="# changed"))
    (folder / "three.py").write_text(good("three-data"))
    found = {state.name: state for state in inspect_plugins().states}
    assert datasets() == {"one-data"}
    assert (found["two"].state, found["two"].message) == ("blocked", "it has changed since you trusted it")
    assert (found["three"].state, found["three"].message) == ("blocked", "it is not trusted")
    local.trust(folder)
    assert datasets() == {"one-data", "two-data", "three-data"}


def test_the_same_content_is_trusted_again_and_a_touched_file_still_is(folder):
    local.trust(folder)
    os.utime(folder / "one.py", (1, 1))
    assert datasets() == {"one-data", "two-data"}


def test_another_folder_of_the_same_content_is_not_trusted(folder, tmp_path, monkeypatch):
    local.trust(folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.rename(elsewhere / "dl_plugins")
    monkeypatch.chdir(elsewhere)
    assert datasets() == set()


def test_a_link_to_a_trusted_folder_is_that_folder(folder, tmp_path, monkeypatch):
    local.trust(folder)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "dl_plugins").symlink_to(folder)
    monkeypatch.chdir(elsewhere)
    assert datasets() == {"one-data", "two-data"}


def test_the_yes_can_be_taken_back(folder):
    local.trust(folder)
    local.untrust(folder)
    assert datasets() == set()
    with pytest.raises(UnknownName, match="is not a trusted folder"):
        local.untrust(folder)


def test_a_compiled_file_beside_the_source_is_never_run(folder):
    import py_compile

    evil = folder / "evil.py"
    evil.write_text("from pathlib import Path\nPath('ran').touch()\n")
    py_compile.compile(str(evil), cfile=str(folder / "__pycache__/one.cpython-311.pyc"))
    evil.unlink()
    local.trust(folder)
    assert datasets() == {"one-data", "two-data"} and not Path("ran").exists()


def test_a_broken_file_is_one_line_that_names_it(folder):
    (folder / "bad.py").write_text("raise ValueError('no')")
    local.trust(folder)
    with pytest.warns(PluginWarning, match=r"plugin 'bad' in dl_plugins/bad.py, dl .*ValueError: no \(bad.py:1\)"):
        load_plugins()
    assert datasets() == {"one-data", "two-data"}


def test_a_file_cannot_take_the_name_of_an_installed_plugin(folder, good):
    (folder / "mnist.py").write_text(good("three-data"))
    local.trust(folder)
    with pytest.warns(
        PluginWarning, match="plugin 'mnist' in dl_plugins/mnist.py.* of dl-workbench-mnist .* the same name"
    ):
        load_plugins()
    assert datasets() == {"one-data", "two-data"}


def test_what_is_no_file_of_source_is_passed_over(folder):
    (folder / "folder.py").mkdir()
    (folder / "notes.txt").write_text("not a plugin")
    (folder / "gone.py").symlink_to("nowhere.py")
    assert set(local.trust(folder)) == {"one.py", "two.py"}


def test_a_file_that_is_too_large_is_refused(folder):
    (folder / "huge.py").write_bytes(b"#" * (local.LARGEST + 1))
    with pytest.raises(BadFile, match=r"huge.py' cannot be read"):
        local.trust(folder)
    assert {state.name: state.state for state in inspect_plugins().states}["huge"] == "blocked"


def test_a_file_is_run_once_a_process(folder):
    (folder / "counted.py").write_text("with open('runs', 'a') as f: f.write('x')\n")
    local.trust(folder)
    datasets()
    datasets()
    assert Path("runs").read_text() == "x"


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": 2, "folders": {}}', '{"version": 1, "folders": {"/": 3}}', "\xff"]
)
def test_a_record_that_is_none_trusts_nothing_and_is_not_overwritten(folder, content):
    record = local.trust_file()
    record.parent.mkdir(parents=True)
    record.write_text(content, encoding="latin-1")
    assert datasets() == set()
    with pytest.raises(BadFile, match=r"trusted.json', cannot be read  delete it to start again"):
        local.trust(folder)
    assert record.read_text(encoding="latin-1") == content


def test_the_record_holds_the_real_path_and_a_hash_of_each_file(folder):
    hashes = local.trust(folder)
    stored = json.loads(local.trust_file().read_text())
    assert stored == {"version": 1, "folders": {str(folder.resolve()): hashes}}
    assert all(len(digest) == 64 for digest in hashes.values())


def test_a_record_that_cannot_be_written_is_one_line(folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in its place")
    monkeypatch.setenv("DL_CONFIG", str(tmp_path / "file/config"))
    with pytest.raises(CannotWrite, match="a parent of the path is a file"):
        local.trust(folder)


def test_the_record_lies_in_the_users_configuration_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("DL_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local.trust_file().name == "trusted.json" and tmp_path in local.trust_file().parents


def test_the_folder_above_is_taken_for_the_folder_of_plugins(folder, tmp_path):
    assert local.plugin_folder(tmp_path) == folder == local.plugin_folder(folder)
    with pytest.raises(UnknownName, match="no one-file plugin"):
        local.trust(tmp_path / "elsewhere")
