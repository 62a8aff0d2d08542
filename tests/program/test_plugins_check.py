"""`dl plugins check NAME`: all suites on one plugin, without pytest."""

import pytest

CLOUDS = """
from dl.hookspecs import hookimpl
from dl.specs import DatasetSpec, RecipeSpec

def load(options):
    import numpy as np
    from dl.data import Dataset, Examples
    images = np.random.default_rng(0).integers(0, 256, (40, 12, 12, 1), dtype=np.uint8)
    return Dataset("clouds", Examples(images, np.arange(40) % 2, np.arange(40){ids}, ("no", "yes")))

@hookimpl
def register_datasets():
    return [DatasetSpec("clouds", "vision", "of a test", load)]

@hookimpl
def register_recipes():
    return [RecipeSpec("clouds", "vision", "of a test", '[model]\\nname = "{model}"')]
"""


def test_a_plugin_that_holds_is_said_rule_by_rule(dl_run, site):
    site.add("clouds", CLOUDS.format(ids="", model="dense"))
    answer = dl_run("plugins", "check", "clouds")
    assert answer.code == 0, answer.out + answer.err
    lines = answer.out.splitlines()
    assert lines[0] == "ok        plugin clouds: it is loaded, and nothing is to be said about it"
    assert "ok        data set clouds: ids are unique" in lines
    assert lines[-1] == f"all {len(lines) - 1} rules hold"
    assert [line for line in lines if "recipe clouds" in line][-1].endswith("it takes the model dense")


def test_a_plugin_that_does_not_hold_exits_with_one_and_says_what(dl_run, site):
    site.add("clouds", CLOUDS.format(ids=" // 2", model="dens"))
    answer = dl_run("plugins", "check", "clouds")
    assert answer.code == 1
    assert "failed    data set clouds: ids are unique: train: 20 ids are taken twice, first 0" in answer.out
    assert "options that fit: no vision model named 'dens'; did you mean 'dense'?" in answer.out
    assert answer.out.splitlines()[-1].startswith("2 of ")


def test_it_is_json_where_it_is_asked_for(dl_run, site):
    site.add("clouds", CLOUDS.format(ids=" // 2", model="dense"))
    answer = dl_run("plugins", "check", "dist-clouds", "--json")
    failed = [one for one in answer.json if one["state"] == "failed"]
    assert answer.code == 1
    assert [(one["kind"], one["name"], one["rule"]) for one in failed] == [("data set", "clouds", "ids are unique")]


def test_a_plugin_that_cannot_be_imported_fails_in_one_line(dl_run, site):
    site.add("bad", "import nowhere")
    answer = dl_run("plugins", "check", "bad")
    assert answer.code == 1 and "Traceback" not in answer.out + answer.err
    assert "failed    plugin bad" in answer.out and "No module named 'nowhere'" in answer.out


def test_a_name_that_nobody_has_gets_the_nearest(dl_run):
    answer = dl_run("plugins", "check", "minst")
    assert answer.code == 2 and "no plugin named 'minst'; did you mean 'mnist'?" in answer.err


def test_only_what_the_plugin_itself_registered_is_asked_about(dl_run, site):
    site.add("clouds", CLOUDS.format(ids="", model="bag").replace('"clouds", "vision"', '"mnist", "text"'))
    answer = dl_run("plugins", "check", "clouds", "--json")
    asked = {(one["kind"], one["name"]) for one in answer.json}
    assert asked == {("plugin", "clouds"), ("data set", "mnist"), ("recipe", "mnist")}
    failed = {one["rule"] for one in answer.json if one["state"] == "failed" and one["name"] == "mnist"}
    assert failed == {"its domain can prepare it"}  # they are images, in the domain of texts


@pytest.mark.parametrize("name", ["words", "loggers"])
def test_a_plugin_of_ours_holds(dl_run, name):
    answer = dl_run("plugins", "check", name)
    assert answer.code == 0, answer.out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vision", "text", "mnist", "reviews", "regularizers", "augment", "reports"])
def test_every_plugin_of_ours_holds(dl_run, name):
    answer = dl_run("plugins", "check", name)
    assert answer.code == 0, answer.out
