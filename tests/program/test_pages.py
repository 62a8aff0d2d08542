"""What the README and the guide show runs, page by page: commands, programs, and what a page says they print."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dl.testing import run_verb
from tools.pages import ROOT, WIDTH, Step, guide, renew, run_step, steps
from tools.samples import write_samples

SHORT = "docs/first-steps.md"  # of the pages, the one that `make test` runs
PAGES = {str(page.relative_to(ROOT)): page for page in guide()}
ELSEWHERE = {"docs/plugins.md", "docs/authors.md", "docs/architecture.md"}  # have tests of their own
QUICK = {"epochs": 1, "width": 2, "probe": 500}
PROGRAMS = Path(sys.executable).parent
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
# The programs of a page in their order, in one process: each begins where the last one ended.
PYTHON = """
import json, sys
names = {}
for line in sys.stdin:
    exec(json.loads(line), names)
    print("done", file=sys.stderr, flush=True)
"""


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """The files that the pages name."""
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    return folder


@pytest.fixture
def folder(samples, tmp_path, dl_run, one_thread, monkeypatch):
    """A folder with the files that the pages name, in which the commands run."""
    folder = shutil.copytree(samples, tmp_path / "page")
    monkeypatch.delenv("DL_RIVALS")
    monkeypatch.setenv("DL_CACHE", str(samples.parent / "cache"))  # of all pages, which fit the same data
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    return folder


def quickly(*words):
    """Run a verb; a fit on all of MNIST with a smaller network, where the line says nothing else of it."""
    said = {word.partition("=")[0] for word in words}
    if words[:3] == ("fit", "vision", "mnist"):
        words += tuple(f"{name}={value}" for name, value in QUICK.items() if name not in said)
    return run_verb(*words)


@pytest.mark.parametrize(
    "name", [name if name == SHORT else pytest.param(name, marks=pytest.mark.check) for name in PAGES]
)
def test_a_page_runs_from_its_first_line_to_its_last(name, folder):
    names = {}
    for step in steps(PAGES[name].read_text(encoding="utf-8")):
        printed = run_step(step, names, quickly)
        assert printed or step.language == "python", f"{step.text} prints nothing"
        if step.output:
            assert renew(step.output, printed) is not None, "\n".join([step.text, *printed])


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_each_command_of_a_page_runs_as_it_stands_in_a_process_of_its_own(name, folder, monkeypatch):
    monkeypatch.setenv("PATH", f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}")
    with subprocess.Popen([sys.executable, "-c", PYTHON], text=True, **PIPES) as python:
        for step in steps(PAGES[name].read_text(encoding="utf-8")):
            if step.language == "python":
                python.stdin.write(json.dumps(step.text) + "\n")
                python.stdin.flush()
                assert "done\n" in iter(python.stderr.readline, ""), step.text
            else:
                done = subprocess.run(["bash", "-c", step.text], capture_output=True, text=True)
                assert (done.returncode != 0) == step.fails and (done.stdout + done.stderr).strip(), (step.text, done)
        python.stdin.close()


def test_every_page_with_a_command_is_run_by_a_test():
    with_commands = {
        str(page.relative_to(ROOT))
        for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks/README.md"]
        if re.search(r"^```(console|python)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert with_commands <= set(PAGES) | ELSEWHERE


def test_a_block_of_plain_lines_holds_commands_and_one_with_prompts_their_output():
    page = "```console\ndl ls  # all\n```\n\n```console\n$ dl ls runs\nno runs\n$ dl ls nosuch\ndl: no\n```\n"
    first, second, third = steps(page)
    assert (first.words, first.output, first.fails) == (["dl", "ls"], (), False)
    assert (second.words, second.output, second.fails) == (["dl", "ls", "runs"], ("no runs",), False)
    assert third.fails and page[slice(*third.at)] == "dl: no\n"


def test_a_program_is_followed_by_what_it_prints():
    (step,) = steps("```python\nprint(1)\n```\n\n```text\n1\n```\n")
    assert (step.text, step.output, run_step(step, {})) == ("print(1)\n", ("1",), ["1"])


PRINTED = ["a 2", "b", "c"]


@pytest.mark.parametrize(
    ("shown", "new"),
    [
        (["a 1", "b", "c"], PRINTED),
        (["a 1.5 b", "c"], PRINTED),
        (["a 1", "...", "c"], ["a 2", "...", "c"]),
        (["a 1", "..."], ["a 2", "..."]),
        (["...", "b", "..."], ["...", "b", "..."]),
        (["...", "c"], ["...", "c"]),
        (["..."], ["..."]),
        (["a 1", "b"], None),
        (["b", "..."], None),
        (["...", "b"], None),
        (["a 1", "d", "c"], None),
        (["...", "c", "...", "b", "..."], None),
    ],
)
def test_numbers_and_line_breaks_may_differ_from_what_is_shown_and_nothing_else(shown, new):
    assert renew(tuple(shown), PRINTED) == new


def test_a_command_that_fails_where_the_page_shows_no_mistake_is_named():
    with pytest.raises(AssertionError, match="dl ls nosuch"):
        run_step(Step("console", "dl ls nosuch"), {})
