"""`dl install`, `dl uninstall` and `dl plugins lock` in an environment of their own, without a network."""

import hashlib
import importlib.metadata
import zipfile

import pytest

PLUGIN = """
from dl.hookspecs import hookimpl
from dl.specs import DatasetSpec

pytestmark = pytest.mark.check

@hookimpl
def register_datasets():
    return [DatasetSpec("{name}-data", "vision", "of a test", lambda options: None)]
"""
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "1.0"

[project.entry-points.dl]
{plugin} = "{module}"

[tool.hatch.build.targets.wheel]
only-include = ["{module}.py"]
"""


@pytest.fixture(scope="module")
def shared(environment_at, tmp_path_factory):
    return environment_at(tmp_path_factory.mktemp("env"))


@pytest.fixture
def env(environment_at, tmp_path):
    return environment_at(tmp_path / "env")


@pytest.fixture
def project(tmp_path):
    """A function that writes a project of one plugin: project("dl-mine")."""

    def make(name):
        folder, module = tmp_path / name, name.replace("-", "_")
        folder.mkdir()
        text = PROJECT.format(name=name, module=module, plugin=name.removeprefix("dl-"))
        (folder / "pyproject.toml").write_text(text)
        (folder / f"{module}.py").write_text(PLUGIN.format(name=name))
        return folder

    return make


def test_a_wheel_is_installed_listed_and_uninstalled(make_wheel, env, tmp_path):
    wheel = make_wheel(tmp_path / "dist", "dl-hello")
    out, _ = env.dl("install", wheel)
    assert out.splitlines() == [
        "added dl-hello 1.0",
        "plugin 'hello' of dl-hello 1.0: ok",
        "  register_datasets: dl-hello-data",
    ]
    assert "dl-hello-data" in env.dl("ls", "datasets")[0] and env.installed() == {"dl_hello"}
    assert "dl-hello 1.0" in env.dl("plugins")[0]
    out, _ = env.dl("uninstall", "hello")
    assert out == "removed dl-hello 1.0\n" and env.installed() == set()


@pytest.mark.slow
def test_a_name_is_planned_installed_and_upgraded_with_what_it_needs(make_wheel, env):
    make_wheel(env.links, "dl-named", requires=["dl-needed"])
    make_wheel(env.links, "dl-needed", point=False)
    out, _ = env.dl("install", "dl-named", "--dry-run")
    assert out.splitlines() == ["would have added dl-named 1.0", "would have added dl-needed 1.0"]
    assert env.installed() == set()
    out, _ = env.dl("install", "DL_Named")
    assert out.splitlines()[:2] == ["added dl-named 1.0", "added dl-needed 1.0"]
    assert "register_datasets: dl-named-data" in out
    make_wheel(env.links, "dl-named", "1.1", requires=["dl-needed"])
    out, _ = env.dl("install", "-U", "dl-named")
    assert out.splitlines()[0] == "changed dl-named 1.0 to 1.1" and "dl-named 1.1: ok" in out


@pytest.mark.slow
def test_a_folder_is_installed_so_that_edits_count(shared, project):
    folder = project("dl-edited")
    out, _ = shared.dl("install", "-e", folder)
    assert "added dl-edited 1.0" in out and "register_datasets: dl-edited-data" in out
    module = folder / "dl_edited.py"
    module.write_text(module.read_text().replace("dl-edited-data", "edited-anew"))
    assert "edited-anew" in shared.dl("ls", "datasets")[0]
    shared.dl("install", "-e", project("dl-second"))
    out, err = shared.dl("plugins", "lock", code=4)
    assert "without a hash: dl-edited from '" in err and ", dl-second from '" in err and "build a wheel" in err
    shared.dl("uninstall", "dl-second")
    shared.dl("uninstall", "dl-edited")
    assert "edited-anew" not in shared.dl("ls", "datasets")[0]


@pytest.mark.slow
def test_a_folder_is_built_and_installed_again(shared, project):
    folder = project("dl-built")
    assert "added dl-built 1.0" in shared.dl("install", folder)[0]
    assert "installed dl-built 1.0 anew" in shared.dl("install", folder)[0]
    out, _ = shared.dl("install", "dl-built")
    assert out.splitlines()[:2] == ["nothing has changed", "plugin 'built' of dl-built 1.0: ok"]
    shared.dl("uninstall", "built")


def test_another_wheel_of_the_same_version_takes_the_place_of_what_is_there(make_wheel, shared, good, tmp_path):
    first = make_wheel(tmp_path / "first", "dl-same")
    second = make_wheel(tmp_path / "second", "dl-same", source=good("of-the-second"))
    assert "added dl-same 1.0" in shared.dl("install", first)[0]
    assert shared.dl("install", first)[0] == "nothing has changed\n"
    out, _ = shared.dl("install", second)
    assert out.splitlines()[::2] == ["installed dl-same 1.0 anew", "  register_datasets: of-the-second"]
    shared.dl("uninstall", "dl-same")


def test_a_distribution_that_registers_nothing_says_so_and_is_not_ours_to_remove(make_wheel, shared, tmp_path):
    out, _ = shared.dl("install", make_wheel(tmp_path, "silent", point=False))
    assert out.splitlines() == [
        "added silent 1.0",
        "silent: registers nothing with dl, since it has no entry point in the group 'dl'",
    ]
    assert "registers nothing with dl  remove it with: python -m pip" in shared.dl("uninstall", "silent", code=2)[1]


def test_a_plugin_that_is_broken_is_said_when_it_is_installed(make_wheel, shared, tmp_path):
    out, err = shared.dl("install", make_wheel(tmp_path, "dl-bad", source="raise ValueError('no')"), code=4)
    assert "plugin 'bad' of dl-bad 1.0: failed" in out
    assert err.startswith("dl: it is installed, but cannot be used: import dl_bad failed: ValueError: no")
    assert err.rstrip().endswith("remove it: dl uninstall dl-bad")


MISTAKES = (
    (
        ("install", "dl-nowhere"),
        4,
        "pip could not install 'dl-nowhere': there is no distribution dl-nowhere for this Python",
    ),
    (("install", "./nowhere"), 2, "no file or folder './nowhere'"),
    (("install", "nowhere.whl"), 2, "no file or folder 'nowhere.whl'"),
    pytest.param(("install", "empty"), 4, "this folder has a 'empty': dl install ./empty", marks=pytest.mark.slow),
    (("install", "./empty"), 4, "it is no Python project"),
    (("install", "./damaged-1.0-py3-none-any.whl"), 4, "could not install './damaged-1.0-py3-none-any.whl': "),
    (("install", "-e", "./damaged-1.0-py3-none-any.whl"), 2, "is not a folder"),
    (("install", "dl-one", "--lock", "x.lock"), 2, "--lock FILE alone"),
    (("install", "dl-one", "--replace", "pandas"), 2, "--replace pandas: only torch, lightning, numpy are held"),
    (("install",), 2, "install takes a name"),
    (("install", "--", "--index-url=x"), 2, "is no distribution"),
    pytest.param(("install", "a b"), 4, "could not install 'a b': ", marks=pytest.mark.slow),
    (("install", "--lock", "no.lock"), 2, "no lock file 'no.lock'"),
    (("uninstall", "dl-workbench-core"), 2, "'dl-workbench-core' belongs to dl itself"),
    (("uninstall", "mnist"), 2, "'mnist' belongs to dl itself"),
    (("uninstall", "numpy"), 2, "'numpy' registers nothing with dl"),
    (("uninstall", "nosuch"), 2, "no distribution named 'nosuch' is installed"),
)


@pytest.mark.parametrize(
    ("words", "code", "message"), MISTAKES, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_a_mistake_is_one_line(shared, words, code, message):
    (shared.cwd / "empty").mkdir(exist_ok=True)
    (shared.cwd / "damaged-1.0-py3-none-any.whl").write_bytes(b"no zip file")
    out, err = shared.dl(*words, code=code)
    assert out == "" and err.count("\n") == 1 and message in err


@pytest.mark.slow
def test_all_that_pip_said_is_there_when_asked_for(shared):
    _, err = shared.dl("install", "dl-nowhere", code=1, DL_DEBUG="1")
    assert "ERROR: No matching distribution found for dl-nowhere" in err


@pytest.mark.slow
def test_a_file_of_the_current_folder_is_not_run_by_pip(make_wheel, shared):
    for name in ("pip.py", "json.py", "dl.py", "logging.py"):
        (shared.cwd / name).write_text("open('ran', 'w').close()\n")
    shared.dl("install", make_wheel(shared.cwd / "dist", "dl-safe"))
    assert not (shared.cwd / "ran").exists()
    for name in ("pip.py", "json.py", "dl.py", "logging.py"):
        (shared.cwd / name).unlink()


def test_a_lock_installs_the_same_bytes_and_refuses_others(make_wheel, env, tmp_path):
    wheel = make_wheel(tmp_path / "dist", "dl-file", requires=["dl-index"])
    named = make_wheel(env.links, "dl-index", requires=["dl-needed"])
    needed = make_wheel(env.links, "dl-needed", point=False)
    env.dl("install", wheel)
    out, _ = env.dl("plugins", "lock")
    assert out == "wrote dl-plugins.lock: locked dl-file, dl-index, dl-needed\n"
    lines = (env.cwd / "dl-plugins.lock").read_text().splitlines()[2:]
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (wheel, named, needed)]
    starts = [f"dl-file @ file://{wheel}", "dl-index==1.0", "dl-needed==1.0"]
    for line, start, digest in zip(lines, starts, digests, strict=True):
        assert line.startswith(f"{start} --hash=sha256:{digest}")
    env.forget()
    out, _ = env.dl("install", "--lock", "dl-plugins.lock")
    assert out.splitlines()[:3] == ["added dl-file 1.0", "added dl-index 1.0", "added dl-needed 1.0"]
    assert "register_datasets: dl-file-data" in out and "register_datasets: dl-index-data" in out
    env.forget()
    make_wheel(env.links, "dl-index", source="# other bytes")
    _, err = env.dl("install", "--lock", "dl-plugins.lock", code=4)
    assert "the hash of dl-index==1.0 differs from the lock file" in err and env.installed() == set()


def test_without_pip_and_uv_it_is_said_how_to_get_one(environment_at, tmp_path):
    bare = environment_at(tmp_path / "bare")
    (bare.site / "pip.py").write_text("")
    blocked = "import sys; sys.modules['pip'] = None; from dl.__main__ import main; main()"
    (bare.folder / "bin/dl").write_text(f"#!{bare.python}\n{blocked}\n")
    _, err = bare.dl("install", "dl-one", code=4, PATH="/nowhere")
    assert "has neither pip nor uv" in err and "python -m ensurepip" in err


@pytest.fixture
def eager(make_wheel, env):
    """The environment, with a plugin in its index that needs a newer torch than the one here."""
    make_wheel(env.links, "torch", "99.0", point=False)
    make_wheel(env.links, "dl-eager", requires=["torch>=99"])
    return env


def test_what_would_replace_torch_is_refused_beforehand_with_the_versions_and_the_way_on(eager):
    here = importlib.metadata.version("torch")
    line = f"dl: installing 'dl-eager' would replace torch {here} by torch 99.0; nothing was installed  "
    line += "ask for a version of it that fits, or go on with: dl install dl-eager --replace torch\n"
    assert eager.dl("install", "dl-eager", code=4) == ("", line) and eager.installed() == set()
    assert eager.dl("install", "--dry-run", "dl-eager", code=4) == ("", line)
    out, _ = eager.dl("install", "--dry-run", "dl-eager", "--replace", "torch")
    assert out.splitlines() == ["would have added dl-eager 1.0", "would have added torch 99.0"]
    out, _ = eager.dl("install", "dl-eager", "--replace", "torch")
    assert out.splitlines()[:2] == ["added dl-eager 1.0", "added torch 99.0"]
    assert eager.installed() == {"dl_eager", "torch"}


def test_another_version_that_leaves_torch_as_it_is_is_taken(make_wheel, eager):
    make_wheel(eager.links, "dl-eager", "0.9", requires=["torch>=2"])
    out, _ = eager.dl("install", "dl-eager")
    assert out.splitlines()[0] == "added dl-eager 0.9" and eager.installed() == {"dl_eager"}


def test_a_wheel_whose_needs_contradict_each_other_is_told_as_before(make_wheel, env):
    make_wheel(env.links, "needed", "1.0", point=False)
    make_wheel(env.links, "needed", "2.0", point=False)
    make_wheel(env.links, "other", requires=["needed==2.0"], point=False)
    wheel = make_wheel(env.links, "dl-torn", requires=["needed==1.0", "other"])
    _, err = env.dl("install", wheel, code=4)
    assert "its requirements contradict those of another package" in err and env.installed() == set()


@pytest.fixture
def breaking(make_wheel, env):
    """The environment, with a plugin in its index that needs a rich with which dl cannot start."""
    make_wheel(env.links, "rich", "9.0", source="", point=False)
    make_wheel(env.links, "dl-breaks", requires=["rich<10"])
    return env


def test_what_would_break_dl_is_refused_before_anything_is_changed(breaking):
    here = importlib.metadata.version("rich")
    _, err = breaking.dl("install", "dl-breaks", code=4)
    assert err.startswith("dl: installing 'dl-breaks' would break what is installed: dl-workbench-core ")
    assert " needs rich>=" in err and f"and it would replace {here} by 9.0" in err
    assert err.endswith(
        "; nothing was installed  ask for a version of it that fits, or go on with: dl install dl-breaks --force\n"
    )
    assert breaking.installed() == set()
    assert breaking.dl("install", "--dry-run", "dl-breaks", code=4)[1] == err


@pytest.mark.slow
def test_a_version_that_fits_what_is_installed_is_taken_instead(make_wheel, breaking):
    make_wheel(breaking.links, "dl-breaks", "0.9", requires=["rich"])
    assert breaking.dl("install", "dl-breaks")[0].splitlines()[0] == "added dl-breaks 0.9"
    assert breaking.installed() == {"dl_breaks"}


@pytest.mark.slow
def test_a_broken_environment_is_one_line_and_the_verbs_that_mend_it_work(breaking):
    _, err = breaking.dl("install", "dl-breaks", "--force", code=4)
    assert "dl does not start any more" in err and breaking.installed() == {"dl_breaks", "rich"}
    for words in (("ls",), ("report", "last"), ("fit", "vision", "mnist"), ("plugins", "--json")):
        out, err = breaking.dl(*words, code=4)
        assert out == "" and err.count("\n") == 2 and " needs rich>=" in err and ", and rich 9.0 is installed" in err
        assert err.endswith("dl: what still works: dl doctor, dl plugins, dl uninstall NAME\n")
    out, _ = breaking.dl("plugins", code=4)
    assert "breaks  dl-breaks 1.0  remove it: dl uninstall breaks\n" in out and "mnist  dl-workbench-mnist" in out
    assert " needs rich>=" in breaking.dl("doctor", code=1)[0]
    assert breaking.dl("uninstall", "breaks")[0] == "removed dl-breaks 1.0\n"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch", "numpy"])
def test_doctor_tells_of_a_package_that_cannot_be_imported(make_wheel, shared, name):
    path = shared.site / f"{name}.py"
    path.write_text("raise RuntimeError('of another build')")
    try:
        out, err = shared.dl("doctor", code=1)
        assert "of another build" in out + err and "Traceback" not in err
        assert "dl-workbench-mnist" in shared.dl("plugins")[0]
    finally:
        path.unlink()


def test_names_and_files_of_dl_and_of_others_are_not_taken(make_wheel, shared, tmp_path):
    _, err = shared.dl("install", make_wheel(tmp_path, "dl-workbench-vision", "99.0"), code=4)
    assert "has the name of a distribution of dl, dl-workbench-vision, which pip alone installs" in err
    _, err = shared.dl("install", "dl_workbench_core", code=4)
    assert "'dl_workbench_core' has the name of a distribution of dl, dl-workbench-core" in err
    disguised = make_wheel(tmp_path, "dl-workbench-text", "99.0").rename(tmp_path / "other-99.0-py3-none-any.whl")
    assert "has the name of a distribution of dl, dl-workbench-text" in shared.dl("install", disguised, code=4)[1]
    _, err = shared.dl("install", make_wheel(tmp_path, "mnist"), code=4)
    assert "registers a plugin 'mnist', and that is the name of the plugin of dl-workbench-mnist" in err
    first, second = make_wheel(tmp_path, "dl-first"), make_wheel(tmp_path, "dl_first_", source="")
    shared.dl("install", first)
    with zipfile.ZipFile(second, "a") as archive:
        archive.writestr("dl_first.py", "stolen = True")
    assert "would replace 'dl_first.py' of another distribution" in shared.dl("install", second, code=4)[1]
    shared.dl("uninstall", "dl-first")
    assert not {"dl_first", "mnist", "other"} & shared.installed()
