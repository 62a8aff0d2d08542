"""The verbs about plugins: each plugin with what it registered, trust, the lock, and mistakes before anything runs."""

import pytest


def test_every_plugin_is_listed_with_what_it_registered(dl_run, site, good):
    site.add("fine", good("small"))
    site.add("bad", "raise ValueError('no')")
    answer = dl_run("plugins", "--json")
    states = {state["name"]: state for state in answer.json}
    assert answer.code == 0 and states["fine"]["hooks"] == {"register_datasets": ["small"]}
    assert states["bad"]["state"] == "failed" and "ValueError: no" in states["bad"]["message"]
    words = dl_run("plugins").out
    assert "dist-fine 1.0" in words and "register_datasets: small" in words


def test_a_broken_plugin_ends_the_list_with_its_code_in_strict_mode_alone(dl_run, site, monkeypatch):
    site.add("bad", "raise ValueError('no')")
    monkeypatch.setenv("DL_STRICT_PLUGINS", "1")
    assert dl_run("plugins", "--json").code == 4


def test_with_a_hook_only_its_plugins_are_listed_and_with_all_that_they_registered(dl_run, site):
    names = [f"data-{number}" for number in range(9)]
    source = "from dl.hookspecs import hookimpl\nfrom dl.specs import *\n\n@hookimpl\ndef register_datasets():\n"
    source += f"    return [DatasetSpec(name, 'vision', 'of a test', lambda options: None) for name in {names}]\n"
    site.add("many", source)
    assert "data-5, and 3 more" in " ".join(dl_run("plugins").out.split())
    answer = dl_run("plugins", "--hook", "register_datasets", "--json")
    assert "many" in {state["name"] for state in answer.json}
    assert all("register_datasets" in state["hooks"] for state in answer.json)
    assert "data-8" in dl_run("plugins", "--hook", "register_datasets").out
    wrong = dl_run("plugins", "--hook", "register_dataset")
    assert wrong.code == 2 and "did you mean 'register_datasets'" in wrong.err


def test_the_plugins_of_a_folder_run_after_a_yes_and_no_more_when_it_is_taken_back(dl_run, tmp_path, good):
    (tmp_path / "dl_plugins").mkdir()
    (tmp_path / "dl_plugins" / "mine.py").write_text(good("mine"))

    def registered():
        return "mine" in {row["name"] for row in dl_run("ls", "datasets", "--json").json}

    assert not registered()
    trusted = dl_run("plugins", "trust")
    assert trusted.code == 0 and "mine.py  sha256 " in trusted.out and registered()
    assert dl_run("plugins", "untrust").code == 0 and not registered()


def test_a_lock_is_written_where_it_is_asked_for(dl_run, tmp_path):
    answer = dl_run("plugins", "lock", "mine.lock")
    assert answer.code == 0 and answer.out.startswith("wrote mine.lock: ")
    assert (tmp_path / "mine.lock").read_text().startswith("# ")


@pytest.mark.parametrize(
    "words",
    [
        ["install"],
        ["install", "dl-one", "--lock", "x.lock"],
        ["install", "--lock", "x.lock", "--dry-run"],
        ["install", "--lock", "nowhere.lock"],
        ["install", "./nowhere"],
        ["uninstall", "mnist"],
        ["uninstall", "nosuch"],
        ["plugins", "trust", "nowhere"],
    ],
)
def test_a_mistake_is_one_line_and_nothing_runs(dl_run, words):
    answer = dl_run(*words)
    assert answer.code == 2 and answer.out == "" and answer.err.count("\n") == 1
