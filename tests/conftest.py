"""Fixtures of all tests: distributions that register a plugin, written like an installer."""

import importlib
import os
import shlex
import shutil
import sys
from itertools import count

import pytest
from hypothesis import settings

from dl.cli.json_output import begin_command

settings.register_profile("dl", deadline=None)  # how long an example takes says something about the machine alone
settings.load_profile("dl")
_numbers = count(1)


def pytest_collection_modifyitems(items):
    """Begin with the tests that start whole programs: they take longest, and at the end others would wait for them."""
    items.sort(key=lambda item: "program" not in item.path.parts)


class Site:
    """A folder of installed distributions.

    Args:
        folder: As ``site-packages`` is.
    """

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def add(self, name, source, *, version="1.0", requires=(), point=None, target="{module}", distribution=None):
        """Install a plugin of this source: its module, its metadata and its entry point; return the module's name."""
        module = f"plugin_{next(_numbers)}_{''.join(c if c.isalnum() else '_' for c in name)}"
        path = self.folder / f"{module}.py"
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        distribution = distribution or f"dist-{name.replace('/', '')}"
        info = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        headers = [f"Name: {distribution}", f"Version: {version}", *(f"Requires-Dist: {one}" for one in requires)]
        (info / "METADATA").write_text("Metadata-Version: 2.1\n" + "\n".join(headers) + "\n\n")
        entry = f"{name if point is None else point} = {target.format(module=module)}"
        (info / "entry_points.txt").write_text(f"[console_scripts]\nother = other:main\n\n[dl]\n{entry}\n")
        (info / "RECORD").write_text(f"{path.name},,\n")
        importlib.invalidate_caches()
        return module


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("DL_CACHE", str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_document():
    """Each test is a command that has printed no document of --json."""
    begin_command()


@pytest.fixture(autouse=True, scope="session")
def without_rivals():
    """Fits of tests have no rivals, unless they ask for them: thousands of small fits would take longer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DL_RIVALS", "no")
        yield


@pytest.fixture(scope="session")
def one_thread():
    """Threads that wait for each other cost more than they bring on inputs as small as those of tests."""
    import torch  # here, so that tests that need none do not wait for it

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def browser():
    """The path of a Chromium; in CI there has to be one."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None and os.environ.get("CI") == "true":
        pytest.fail("there is no Chromium; .ci/run installs it where apt-get is there")
    return path or pytest.skip("no Chromium is installed")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed distributions that this process, and those it starts, search first."""
    made = Site(tmp_path / "site")
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(made.folder))
    monkeypatch.setenv("PYTHONPATH", str(made.folder))
    monkeypatch.setenv("DL_CONFIG", str(tmp_path / "config"))
    for name in ("DL_PLUGINS", "DL_STRICT_PLUGINS", "DL_TRACE_PLUGINS", "DL_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    yield made
    for name in set(sys.modules) - before:
        if name.startswith(("plugin_", "dl_plugins")):
            del sys.modules[name]


@pytest.fixture
def cut_and_resumed(tmp_path, monkeypatch, one_thread):
    """A function that makes a fit unbroken, and one that is cut off and resumed, and compares how they end.

    cut_and_resumed(lambda runs: dl.fit(..., runs=runs), [("step", 5), ("kept", 2)], saved=(2, 4), plugins=plugins)
    """
    from tests.cutting import cut_and_resumed as compare  # here, since it imports torch

    return lambda fit, cuts, saved=(2, 9, 11), **resumed: compare(monkeypatch, tmp_path, fit, cuts, saved, **resumed)


@pytest.fixture
def good():
    """A function that writes the source of a plugin that registers one data set: good("name", then="more source")."""

    def source(name, first="", then=""):
        return (
            f"{first}\nfrom dl.hookspecs import hookimpl\nfrom dl.specs import *\n\n"
            f"@hookimpl\ndef register_datasets():\n"
            f"    return [DatasetSpec({name!r}, 'vision', 'of a test', lambda options: None)]\n\n{then}\n"
        )

    return source


@pytest.fixture(scope="session")
def meant_by():
    """A function that returns the recipe that a fit means, as it is typed: meant_by("dl fit vision mnist epochs=3")."""
    from dl.options import split_named, split_pairs
    from dl.plugins.loading import load_plugins
    from dl.recipes.resolve import resolve

    def recipe(command):
        dl, fit, domain, data, *words = shlex.split(command)
        assert (dl, fit) == ("dl", "fit")
        flags = [k for k, word in enumerate(words) if word.startswith("--")]
        said = [(words[k][2:], words[k + 1]) for k in flags]
        regs = [value for name, value in said if name == "reg"]
        pairs = [word for k, word in enumerate(words) if k not in flags and k - 1 not in flags]
        names = {name: value for name, value in said if name != "reg"}
        options = split_pairs(pairs)
        return resolve(load_plugins(), domain, data, options=options, reg=split_named(regs), **names)

    return recipe


@pytest.fixture(scope="session")
def workflow_state():
    """A function that makes a workflow of two classes whose stages wait: workflow_state(fit={"state": "nothing"}, ...).

    A field of the workflow is given by its name, the fields of a stage's record by the name of the stage.
    """
    from dl.recipes.asked import Asked
    from dl.runs.manifest import MetricInfo
    from dl.runs.workflow import StageRecord, Workflow

    names = ("look", "baseline", "fit", "overfit", "regularize", "tune", "final")
    accuracy = MetricInfo("accuracy", True, 1.0, "proportion")
    usual = {
        "name": "0007-blobs-workflow",
        "status": "running",
        "created": "2026-03-01T10:00:00+00:00",
        "asked": Asked("tabular", "blobs.csv", options={"target": "kind"}),
        "data": "blobs",
        "title": "120 rows",
        "model": "dense",
        "task": "binary",
        "metric": accuracy,
        "train": 80,
        "val": 40,
        "rule": "hold-out, seed 0",
        "test": False,
        "protocol": "kfold:4",
        "reason": "120 are few",
        "fits": 4,
        "fingerprint": "abc",
        "val_fingerprint": "def",
        "seed": 0,
    }

    def make(**changes):
        stages = tuple(StageRecord(**{"name": name, **changes.get(name, {})}) for name in names)
        fields = {name: value for name, value in changes.items() if name not in names}
        return Workflow(**{**usual, "stages": stages, **fields})

    return make
