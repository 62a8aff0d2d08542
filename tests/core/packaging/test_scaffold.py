import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import dl
from dl import hookspecs
from dl.errors import BadOption, CannotWrite
from dl.packaging.scaffold import KINDS, TEMPLATES, write_project
from dl.plugins.validation import KINDS as REGISTERED

LONG = "a-name-of-thirty-characters-xx"


@pytest.fixture
def write(tmp_path):
    """A function that writes a project below the test's folder: write("waves", "model")."""
    return lambda name, kind="dataset", folder=None: write_project(name, kind, folder or tmp_path / "project")


def texts_of(project):
    return {str(path): (project.folder / path).read_text() for path in project.files}


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_has_the_new_name_and_none_the_old_one(write, kind):
    project = write("my-waves", kind)
    texts = texts_of(project)
    assert {"pyproject.toml", "README.md", ".gitignore", ".github/workflows/test.yml"} <= set(texts)
    assert {"src/dl_my_waves/plugin.py", "src/dl_my_waves/py.typed", "tests/test_plugin.py"} <= set(texts)
    found = [path for path in project.folder.rglob("*") if path.is_file()]
    assert {str(path.relative_to(project.folder)) for path in found} == set(texts)
    for path, text in texts.items():
        assert "newplugin" not in path + text and "DL_VERSION" not in text, path
    assert 'name = "dl-my-waves"' in texts["pyproject.toml"]
    assert 'my-waves = "dl_my_waves.plugin"' in texts["pyproject.toml"]
    assert f"dl-workbench-core>={dl.__version__}" in texts["pyproject.toml"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_of_a_new_plugin_is_read_in_minutes(write, kind):
    lines = {path: len(text.splitlines()) for path, text in texts_of(write("waves", kind)).items()}
    assert sum(n for path, n in lines.items() if path.startswith("src/")) < (180 if kind == "domain" else 120)


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_is_written_for_the_hooks_of_today(kind):
    source = (TEMPLATES / kind / "src/dl_newplugin/plugin.py").read_text()
    assert int(re.search(r"^dl_api = (\d+)", source, re.MULTILINE)[1]) == hookspecs.API


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["x", LONG])
def test_what_is_written_passes_ruff(write, kind, name):
    folder = write(name, kind).folder
    for words in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *words, "."], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_what_is_written_passes_mypy(tmp_path):
    root = Path(__file__).parents[3]
    sources = [write_project(f"waves-{kind}", kind, tmp_path / kind).folder / "src" for kind in KINDS]
    command = [sys.executable, "-m", "mypy", "--strict", "--untyped-calls-exclude", "torch", "--config-file=", *sources]
    given = {"MYPYPATH": f"{root / 'packages/core/src'}:{root / 'reports/src'}"}
    done = subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_distributions_name_is_taken_as_the_plugins(write):
    assert write("dl-waves").name == "waves"


@pytest.mark.parametrize(
    "name",
    ["", "-", "dl-", "Waves", "my waves", "my_waves", "9lives", "a--b", "a-", "wäves", "../waves", "a" * 31, "wa\nves"],
)
def test_a_name_that_no_distribution_can_have_is_refused(write, tmp_path, name):
    with pytest.raises(BadOption, match="a plugin cannot be called") as caught:
        write(name)
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("mnist", "dataset", "is dl's own"),
        ("core", "model", "is dl's own"),
        ("newplugin", "model", "is dl's own"),
        ("convnet", "model", "a model named 'convnet' exists already"),
        ("imdb", "dataset", "a dataset named 'imdb' exists already"),
        ("l2", "regularizer", "a regularizer named 'l2' exists already"),
    ],
)
def test_a_name_that_is_taken_is_refused(write, name, kind, message):
    with pytest.raises(BadOption, match=message):
        write(name, kind)


@pytest.mark.parametrize(
    ("name", "means"), [("last", "the newest run"), ("dl-last", "the newest run"), ("none", "no plu")]
)
def test_a_word_that_means_something_else_to_dl_is_refused(write, tmp_path, name, means):
    with pytest.raises(BadOption, match=f"a plugin cannot be called .*, which means {means}") as caught:
        write(name)
    assert "\n" not in str(caught.value) and list(tmp_path.iterdir()) == []


def test_a_name_is_taken_in_its_own_kind_alone(write):
    assert write("imdb", "model").files


def test_the_name_of_an_installed_plugin_is_taken(write, site, good):
    site.add("waves", good("other"), distribution="my-plugins")
    with pytest.raises(BadOption, match=r"a plugin 'waves' of my-plugins 1\.0 is installed already"):
        write("waves")


def test_a_kind_that_is_not_there_gets_the_nearest(write):
    with pytest.raises(BadOption, match=r"no kind of plugin named 'modle'; did you mean 'model'\?"):
        write("waves", "modle")


def test_what_is_there_is_never_overwritten(write, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "precious.txt").write_text("mine")
    for taken in (folder, folder / "precious.txt"):
        with pytest.raises(CannotWrite, match="exists already"):
            write("waves", folder=taken)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "precious.txt"]
    assert (folder / "precious.txt").read_text() == "mine"


def test_an_empty_folder_is_filled(write, tmp_path):
    (tmp_path / "empty").mkdir()
    assert (write("waves", folder=tmp_path / "empty").folder / "pyproject.toml").exists()


def test_a_folder_that_cannot_be_written_is_said(write, locked):
    with pytest.raises(CannotWrite, match=r"project.*(cannot|Permission)"):
        write("waves", folder=locked / "project")


def test_a_disk_that_is_full_leaves_nothing(write, tmp_path):
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limit[1]))  # no file may be larger
    try:
        with pytest.raises(CannotWrite):
            write("waves")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list(tmp_path.iterdir()) == []


def test_there_is_a_template_for_every_kind_that_it_takes_and_for_no_other():
    assert {path.name for path in TEMPLATES.iterdir()} == {"shared", *KINDS}
    hooks = {kind: f"register_{kind if kind.endswith('s') else kind + 's'}" for kind in KINDS}
    assert set(hooks.values()) <= {hook for kind in REGISTERED for hook in kind.hooks}
    for kind, hook in hooks.items():
        assert f"def {hook}(" in (TEMPLATES / kind / "src/dl_newplugin/plugin.py").read_text()
