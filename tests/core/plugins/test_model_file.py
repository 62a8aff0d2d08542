"""Models from a file of Python that the user names."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import dl
from dl.errors import BadNetwork, UnknownName
from dl.plugins.local import trust
from dl.plugins.model_file import FileName, known_options, model_of_file, short_model
from dl.recipes.recipe import read_recipe

NET = """
from dl.graph import Dense, Graph, Head, Input

def build(shape, outputs, width=4, activation="relu"):
    row = Input(shape, "row")
    return Graph(row, row >> Dense(width, activation) >> Head(outputs))
"""


@pytest.fixture
def net(tmp_path):
    """A function that writes a model file: net(source, name="my_net")."""

    def write(source=NET, name="my_net"):
        path = tmp_path / f"{name}.py"
        path.write_text(source)
        return path

    return write


def forget():
    """Let files be read anew, as in another process."""
    for name in [name for name in sys.modules if name.startswith("dl_model_")]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def forgotten():
    """Files that were run in a test are unknown to the next one."""
    yield
    forget()


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("my_net.py", ("my_net.py", "build", "")),
        ("nets/my_net.py:wide", ("nets/my_net.py", "wide", "")),
        ("/a/my_net.py:build#0af1", ("/a/my_net.py", "build", "0af1")),
        ("dense", None),
    ],
)
def test_a_name_is_a_file_a_function_and_a_hash(typed, parts):
    name = FileName.of(typed)
    assert (name and (name.path.as_posix(), name.function, name.hash)) == parts


def test_a_function_s_defaults_are_the_options_of_the_model(net):
    path = net()
    spec = model_of_file(str(path), "numbers")
    assert {option.name: option.default for option in spec.options} == {"width": 4, "activation": "relu"}
    assert (short_model(spec.name), spec.name.startswith(f"{path}:build#")) == ("my_net.py:build", True)
    assert list(spec.network((3,), 2, {"width": 5, "activation": "tanh"}).widths.values()) == [2]
    assert model_of_file("dense", "numbers") is None


WRONG = {
    "import torch\nnn.Linear": "my_net.py:2 cannot be imported: NameError: name 'nn' is not defined",
    "def build(shape)\n": "my_net.py:1 cannot be imported: SyntaxError: expected ':'",
    "import sys\nsys.exit(3)": "my_net.py:2 cannot be imported: it calls sys.exit(3)",
    "import beside": "my_net.py:1 cannot be imported: ModuleNotFoundError: No module named 'beside'  "
    "a model file stands alone: the run keeps a copy of this one file",
    "def biuld(shape, outputs): ...": "my_net.py has no function 'build'; did you mean 'biuld'?  there are: biuld",
    "build = 3": "my_net.py has no function 'build'",
    "def build(shape): ...": "my_net.py:build takes 1 argument; expected build(shape, outputs)",
    "def build(shape, outputs, depth): ...": "my_net.py:build: the argument 'depth' needs a default: a number, a word, "
    "True or False",
}


@pytest.mark.parametrize(("source", "message"), WRONG.items())
def test_a_file_that_cannot_be_run_is_refused_with_its_line(source, message, net):
    net("", "beside")
    with pytest.raises(BadNetwork, match=f"^{re.escape(message)}$"):
        model_of_file(str(net(source)), "numbers")


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(UnknownName, match=r"^no model file 'nosuch.py'  models by name: dl ls models$"):
        model_of_file("nosuch.py:build", "numbers")


BODY = "from torch import nn\nfrom dl.graph import Dense, Flatten, Graph, Head, Input\ndef build(shape, outputs):\n    "
MISFITS = {
    "pass": "my_net.py:build returned nothing, not an nn.Module or a dl.graph.Graph",
    "return 3": "my_net.py:build returned int, not an nn.Module or a dl.graph.Graph",
    "return nn.Linear(shape[0], 7)": "the network of my_net.py:build gives torch.float32 "
    "of shape (1, 7), not real logits of shape (1, 3)",
    "return nn.Sequential(nn.Linear(2, 4), nn.Linear(5, 3))": "the network of my_net.py:build fails on an "
    "input of shape (2,): RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x4 and 5x3)",
    "return Input(shape) >> nn.Linear(9, outputs)": "my_net.py:4 fails for inputs of shape (2,) and 3 outputs: "
    "shapes do not fit: Linear reads 9 numbers, and the input 'input' gives 2",
    "return 1 / 0": "my_net.py:4 fails for inputs of shape (2,) and 3 outputs: ZeroDivisionError: division by zero",
}


@pytest.mark.parametrize(("body", "message"), MISFITS.items())
def test_a_network_that_does_not_fit_is_refused_before_a_run_is_made(body, message, net, fit, blobs, runs):
    with pytest.raises(BadNetwork) as error:
        fit(blobs(), model=str(net(BODY + body)))
    assert str(error.value).startswith(message)
    assert not list(runs.glob("*"))


def test_the_layer_of_a_plain_network_that_fails_is_named(net, fit, blobs):
    with pytest.raises(BadNetwork, match=r"; Linear reads 5 numbers, and gets 4$"):
        fit(blobs(), model=str(net(f"{BODY}return nn.Sequential(nn.Linear(2, 4), nn.Linear(5, 3))")))


@pytest.fixture
def fitted(net, fit, blobs):
    """A file and the run of its network."""
    path = net()
    return path, fit(blobs(), model=str(path), width=6, epochs=2)


def test_a_run_keeps_the_file_and_names_it_by_its_hash(fitted):
    path, run = fitted
    assert (run.name, run.manifest.model) == ("0001-given-my_net", "my_net.py:build")
    assert (run.path / "my_net.py").read_bytes() == path.read_bytes()
    kept = read_recipe(run.path / "recipe.toml")
    assert Path(kept.model.partition(":")[0]) == run.path / "my_net.py" and len(kept.model.partition("#")[2]) == 32
    assert kept.model_options == {"width": 6, "activation": "relu"}
    drawn = json.loads((run.path / "network.json").read_text())
    assert [layer["name"] for layer in drawn["layers"]] == ["row", "dense_1", "relu_1", "head_1"]


def test_a_run_is_used_and_repeated_with_the_code_it_was_fitted_with(fitted, plugins_with, blobs, runs):
    path, run = fitted
    path.write_text(NET.replace("Dense(width, activation)", "Dense(2 * width)"))
    forget()
    plugins = plugins_with(given=blobs())
    assert dl.load(run, plugins=plugins)(np.zeros((1, 2), np.float32)).shape == (1, 3)
    again = dl.fit(recipe=str(run.path / "recipe.toml"), plugins=plugins, runs=runs)
    assert [row["val_loss"] for row in again.history.rows] == [row["val_loss"] for row in run.history.rows]
    edited = dl.fit("numbers", "given", model=str(path), width=6, epochs=1, plugins=plugins, runs=runs)
    assert edited.manifest.parameters > run.manifest.parameters
    onward = dl.fit("numbers", "given", from_run=run, epochs=1, plugins=plugins, runs=runs)
    assert onward.manifest.parameters == run.manifest.parameters
    assert (onward.path / "my_net.py").read_text() == NET


def test_a_copy_that_was_changed_is_refused(fitted, plugins_with, blobs):
    _, run = fitted
    (run.path / "my_net.py").write_text("print('other')")
    forget()
    with pytest.raises(BadNetwork, match=r"my_net.py has changed since the fit; put it back, or fit anew with --model"):
        dl.load(run, plugins=plugins_with(given=blobs()))


def test_code_that_was_never_run_here_is_run_once_it_is_trusted(fitted, plugins_with, blobs, monkeypatch, tmp_path):
    _, run = fitted
    forget()
    monkeypatch.setenv("DL_CONFIG", str(tmp_path / "another user"))
    plugins = plugins_with(given=blobs())
    with pytest.raises(BadNetwork, match=r"is code that was never run here; read it, then: dl plugins trust "):
        dl.load(run, plugins=plugins)
    trust(run.path)
    assert dl.load(run, plugins=plugins).training is False


def test_a_recipe_of_code_without_its_hash_is_refused(tmp_path, net):
    (tmp_path / "recipe.toml").write_text('[model]\nname = "my_net.py:build"\n')
    with pytest.raises(BadNetwork, match=r"the recipe names code without its hash, my_net.py:build; type its name"):
        read_recipe(tmp_path / "recipe.toml")


def test_options_of_a_file_are_known_without_running_it():
    spec = known_options("/nowhere/my_net.py:build#0af1", "numbers", {"width": 6})
    assert [(option.name, option.default) for option in spec.options] == [("width", 6)]
    assert known_options("dense", "numbers", {}) is None


STEP = """
import torch

def optimizers(network):
    return [torch.optim.SGD([one], 0.1) for one in network.parameters()]

def training_step(network, batch, *made):
    loss = torch.nn.functional.cross_entropy(network(batch.inputs), batch.targets)
    loss.backward()
    for optimizer in made:
        optimizer.step()
        optimizer.zero_grad()
    return loss
"""


def test_a_training_step_in_the_file_takes_the_steps_of_its_optimizers(net, fit, blobs):
    run = fit(blobs(), model=str(net(NET + STEP)), epochs=3)
    assert run.best["val_accuracy"] == 1 and not run.manifest.in_memory


def test_a_training_step_that_fails_is_named_with_its_line(net, fit, blobs):
    with pytest.raises(BadNetwork, match=r"^my_net.py:14 training_step fails: AttributeError: 'Batch' object has no"):
        fit(blobs(), model=str(net(NET + STEP.replace("batch.targets", "batch.labels"))))


def test_optimizers_in_the_file_without_a_step_are_refused(net):
    message = r"^my_net.py has optimizers, and no training_step\(network, batch, ...\) that takes them$"
    with pytest.raises(BadNetwork, match=message):
        model_of_file(str(net(NET + STEP.replace("training_step", "step"))), "numbers")


def test_an_option_that_the_function_lacks_is_refused_with_those_it_has(net, fit, blobs):
    with pytest.raises(
        dl.BadOption, match=r"^no option named 'widht' .*did you mean 'width'\?  options of my_net.py:build"
    ):
        fit(blobs(), model=str(net()), widht=3)
