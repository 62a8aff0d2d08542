"""`dl new plugin`: what it writes for each kind is built, installed, and passes its own tests, as it comes."""

import json
import os
import re
import subprocess
import sys

import pytest

from dl.packaging.scaffold import KINDS

NAMES = {kind: f"my-{kind}" for kind in KINDS}


@pytest.fixture(scope="module")
def projects(environment_at, tmp_path_factory):
    """An environment into which a plugin of each kind is installed as a wheel, and the folder of their projects."""
    env = environment_at(tmp_path_factory.mktemp("env"))
    for kind, name in NAMES.items():
        out, _ = env.dl("new", "plugin", name, "--kind", kind)
        assert f"dl install -e dl-{name}" in out.splitlines()
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", env.cwd / "dist"]
        subprocess.run([*build, env.cwd / f"dl-{name}"], check=True, capture_output=True)
    wheels = sorted((env.cwd / "dist").glob("*.whl"))
    assert len(wheels) == len(KINDS)
    pip = [env.python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, *wheels], check=True, capture_output=True)
    return env


def run_tests(env, *folders, where):
    given = {name: value for name, value in os.environ.items() if not name.startswith(("DL_", "PYTEST", "PYTHONPATH"))}
    given["OMP_NUM_THREADS"] = "1"
    command = [env.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *folders]
    return subprocess.run(command, cwd=where, capture_output=True, text=True, env=given)


def test_a_plugin_of_each_kind_is_installed_and_registers_what_it_says(projects):
    states = {state["name"]: state for state in json.loads(projects.dl("plugins", "--json")[0])}
    for kind, name in NAMES.items():
        assert states[name]["state"] == "ok" and states[name]["message"] == "", states[name]
        hook = "register_domains" if kind == "domain" else f"register_{kind}s"
        assert states[name]["hooks"][hook][0].startswith(name)


@pytest.mark.check
def test_their_tests_pass_in_one_process(projects):
    folders = [projects.cwd / f"dl-{name}" / "tests" for name in NAMES.values()]
    done = run_tests(projects, "-c", os.devnull, *folders, where=projects.cwd)
    assert done.returncode == 0, done.stdout
    written = sum(
        len(re.findall("^def test_", file.read_text(), re.MULTILINE)) for f in folders for file in f.glob("*.py")
    )
    assert f"{written} passed" in done.stdout and "skipped" not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_tests_of_each_pass_by_themselves_and_its_suites_hold(projects, kind):
    done = run_tests(projects, where=projects.cwd / f"dl-{NAMES[kind]}")
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout
    out, _ = projects.dl("plugins", "check", NAMES[kind])
    assert out.splitlines()[-1].startswith("all ")


@pytest.mark.slow
def test_one_is_installed_fitted_reported_and_uninstalled(environment_at, tmp_path):
    env = environment_at(tmp_path / "env")
    env.dl("new", "plugin", "rings")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", env.cwd / "dist"]
    subprocess.run([*build, env.cwd / "dl-rings"], check=True, capture_output=True)
    assert "register_datasets: rings" in env.dl("install", next((env.cwd / "dist").glob("*.whl")))[0]
    assert "rings" in env.dl("fit", "vision", "rings", "epochs=3")[0]
    assert "accuracy" in env.dl("test", "last")[0] and "rings" in env.dl("report", "last")[0]
    assert env.dl("uninstall", "rings")[0] == "removed dl-rings 0.1.0\n"
    assert "no vision data set named 'rings'" in env.dl("fit", "vision", "rings", code=2)[1]


def test_a_mistake_is_one_line(dl_run):
    for words, code, message in (
        (("new", "plugin", "mnist"), 2, "the name 'mnist' is dl's own"),
        (("new", "plugin", "a b"), 2, "a plugin cannot be called 'a b'"),
        (("new", "plugin", "x", "--kind", "modle"), 2, "did you mean 'model'?"),
        (("new", "plugin", "x", "--folder", "."), 0, ""),
        (("new", "plugin", "x", "--folder", "."), 2, "exists already, and is not overwritten"),
        (("new", "nothing"), 2, "No such command"),
    ):
        answer = dl_run(*words)
        assert answer.code == code, answer
        assert message in answer.err and answer.err.count("\n") == (1 if code else 0)
