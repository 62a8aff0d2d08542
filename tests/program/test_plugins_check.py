"""`dl plugins check NAME`: all suites on one plugin, without pytest."""

import re

import pytest

CLOUDS = """
from dl.hookspecs import hookimpl
from dl.specs import DatasetSpec, RecipeSpec

def load(options):
    import numpy as np
    from dl.data.examples import Dataset, Examples
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
    assert lines[0] == "ok        plugin clouds: it is loaded without a problem"
    assert "ok        data set clouds: ids are unique" in lines
    skipped = sum(line.startswith("skipped") for line in lines)
    assert skipped and lines[-1] == f"all {len(lines) - 1 - skipped} rules hold; {skipped} skipped"
    assert [line for line in lines if "recipe clouds" in line][-1].endswith("it takes the model dense")


def test_a_plugin_that_does_not_hold_exits_with_one_and_says_what(dl_run, site):
    site.add("clouds", CLOUDS.format(ids=" // 2", model="dens"))
    answer = dl_run("plugins", "check", "clouds")
    assert answer.code == 1
    assert "failed    data set clouds: ids are unique: train: 20 ids are used twice, first 0" in answer.out
    assert "its options fit: no vision model named 'dens'; did you mean 'dense'?" in answer.out
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


CHANNELS = """
from dl.hookspecs import hookimpl
from dl.specs import RegularizerSpec

def build(options, task):
    from torch import nn
    from dl.errors import BadOption
    from dl.regularizer import Regularizer

    def change(network):
        if not any(isinstance(layer, nn.Conv2d) for layer in network.modules()):
            raise BadOption("channels needs a convolution")

    return Regularizer({function}=change)

@hookimpl
def register_regularizers():
    return [RegularizerSpec("channels", "network", "of convolutions alone", build)]
"""


def test_a_regularizer_for_one_kind_of_network_is_tried_on_the_model_that_is_named(dl_run, site):
    site.add("channels", CHANNELS.format(function="network"))
    answer = dl_run("plugins", "check", "channels")
    assert answer.code == 1 and "channels needs a convolution  name one that it accepts: --model NAME" in answer.out
    for words in (("--model", "convnet"), ("--dataset", "mnist", "--model", "vision/convnet"), ("--dataset", "mnist")):
        answer = dl_run("plugins", "check", "channels", *words)
        assert answer.code == 0, answer.out + answer.err
        assert "there is a task and a model for it: convnet of vision, multiclass" in answer.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--model", "convnat"), "no model named 'convnat'; did you mean 'convnet'?  see: dl ls models"),
        (("--dataset", "minst"), "no data set named 'minst'; did you mean 'mnist'?  see: dl ls datasets"),
        (("--dataset", "mnist", "--model", "bag"), "no vision model named 'bag'"),
        (("--model", "dense"), "model 'dense': tabular, vision each have one; name the domain, as in tabular/dense"),
    ],
)
def test_what_it_cannot_be_tried_on_is_one_line(dl_run, site, words, message):
    site.add("channels", CHANNELS.format(function="network"))
    answer = dl_run("plugins", "check", "channels", *words)
    assert answer.code == 2 and message in answer.err and len(answer.err.splitlines()) == 1


def test_a_regularizer_at_another_place_is_told_which_functions_fit(dl_run, site):
    site.add("channels", CHANNELS.format(function="penalty"))
    answer = dl_run("plugins", "check", "channels", "--model", "convnet")
    assert "its place is 'network', but it has only penalty  functions by place: network: choices, net" in answer.out


NOTES = """
from dl.hookspecs import hookimpl
from dl.specs import CommandSpec, LoggerSpec, SectionSpec

@hookimpl
def register_sections():
    return [SectionSpec("notes", lambda: lambda facts: {section})]

@hookimpl
def register_commands():
    return [CommandSpec("jot", "Jot something down.{example}", jot)]

def jot(text: str) -> None:
    print(text)

@hookimpl
def register_loggers():
    return [LoggerSpec("diary", "each epoch on a line", diary)]

def diary(folder, options):
    from lightning.pytorch.loggers import CSVLogger

    class Diary(CSVLogger):
        def log_metrics(self, metrics, step=None):
            with open(folder / "diary.txt", "a") as file:
                file.write(f"{{step}} {{metrics[{column!r}]}}\\n")

    return Diary(folder, name="diary", version="")
"""


def test_sections_commands_and_loggers_are_asked_as_well(dl_run, site):
    good = {"section": "[f'{len(facts.epochs)} epochs']", "example": "\\n\\nExample: dl jot this", "column": "val_loss"}
    site.add("notes", NOTES.format(**good))
    answer = dl_run("plugins", "check", "notes")
    assert answer.code == 0, answer.out + answer.err
    for kind in ("section notes", "command jot", "logger diary"):
        assert f"ok        {kind}: listing it imports nothing heavy" in answer.out


def test_on_a_terminal_a_long_answer_goes_on_under_its_beginning(dl_run, site, monkeypatch):
    site.add("clouds", CLOUDS.format(ids="", model="dense"))
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "60"}.items():
        monkeypatch.setenv(name, value)
    lines = re.sub("\x1b\\[[0-9;]*m", "", dl_run("plugins", "check", "clouds").out).splitlines()
    assert max(map(len, lines)) <= 60
    assert any(line.startswith(" " * 10) for line in lines)
    assert all(re.match("ok  |failed |skipped | {10}", line) for line in lines[:-1])


def test_those_that_do_not_hold_are_named(dl_run, site):
    site.add("notes", NOTES.format(section="'one text'", example="", column="no_loss"))
    answer = dl_run("plugins", "check", "notes")
    failed = [line.removeprefix("failed    ") for line in answer.out.splitlines() if line.startswith("failed")]
    assert answer.code == 1 and len(failed) == 3, answer.out
    assert failed[0].startswith(
        "section notes: it has a result for any run: on a fit that overfits it returns 'one text', not a"
    )
    assert failed[1].startswith("command jot: it has a description with an example: its description has no line that")
    assert failed[2].startswith(
        "logger diary: it takes the numbers of each epoch: log_metrics fails: KeyError: 'no_loss'"
    )
