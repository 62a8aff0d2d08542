"""What the README shows runs: its console lines one after another, and its Python, in an empty folder."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PROGRAMS = Path(sys.executable).parent
QUICK = {"epochs": 1, "width": 2, "probe": 500}


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def folder(tmp_path):
    """An empty folder with what the README's examples name: folders of images, a table."""
    import numpy as np
    from PIL import Image

    folder = tmp_path / "readme"
    rng = np.random.default_rng(0)
    for kind, low in (("dark", 0), ("light", 128)):
        (folder / "path/to/folder" / kind).mkdir(parents=True)
        (folder / "path/to/new/images").mkdir(parents=True, exist_ok=True)
        for number in range(20):
            image = Image.fromarray(rng.integers(low, low + 128, (70, 80, 3), dtype=np.uint8))
            image.save(folder / "path/to/folder" / kind / f"{number}.png")
        image.save(folder / "path/to/new/images" / f"{kind}.png")
    words = ("good fine great", "bad dull poor")
    rows = [f"{words[k % 2]} film {k},{('good', 'bad')[k % 2]}\n" for k in range(100)]
    lines = [f"Once upon a time {words[k % 2]} stood by the river {k}.\n" for k in range(200)]
    (folder / "path/to/book.txt").write_text("".join(lines))
    (folder / "path/to/reviews.csv").write_text("review,label\n" + "".join(rows))
    return folder


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done


def quick(words):
    """The same command with a smaller network on the digits, where the line says nothing else of it."""
    if words[:4] != ["dl", "fit", "vision", "mnist"]:
        return words
    said = {word.partition("=")[0] for word in words}
    return words + [f"{name}={value}" for name, value in QUICK.items() if name not in said]


def console():
    return [shlex.split(line, comments=True) for block in blocks("console") for line in block.splitlines()]


def test_the_console_lines_run_in_their_order(folder, dl_run, monkeypatch):
    monkeypatch.chdir(folder)
    assert len(console()) >= 12
    for words in map(quick, console()):
        answer = dl_run(*words[1:])
        assert words[0] == "dl" and answer.code == 0, f"{words}: {answer.err}"
        assert (answer.out + answer.err).strip(), f"{words} says nothing"
    assert (folder / "report.html").stat().st_size > 10_000


@pytest.mark.slow
def test_the_console_lines_run_as_they_stand_each_in_a_process(folder):
    for words in console():
        done = run(folder, PROGRAMS / words[0], *words[1:])
        assert (done.stdout + done.stderr).strip(), f"{words} says nothing"


def test_the_python_runs(folder):
    program = "\n".join(blocks("python"))
    assert "dl.fit(" in program
    done = run(folder, sys.executable, "-c", program)
    assert "val_accuracy" not in done.stderr
    assert "Estimate(value=0.9" in done.stdout


def test_the_mistake_it_shows_gets_the_answer_it_shows():
    shown = re.search(r"\$ dl (.+)\n    (dl: .+)\n", README)
    done = subprocess.run([PROGRAMS / "dl", *shown[1].split()], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.strip() == shown[2]


def test_the_table_of_tasks_names_what_is_registered():
    from dl.plugins.loading import load_plugins
    from dl.tasks.rows import TABLE
    from dl.tasks.table import decide

    plugins = load_plugins()
    rows = re.findall(r"\| `dl fit vision (\S+)` \| (\S+(?: \S+)?) \| (\d+) \|", README)
    assert {task.replace(" ", "-") for _, task, _ in rows} == set(TABLE) - {"next-token"}  # which has no target to name
    assert "`next-token`" in README
    for name, task, width in rows:
        train = plugins.dataset("vision", name).load({}).train
        info = decide(train.targets, train.names).info
        assert (info.name, str(info.outputs)) == (task.replace(" ", "-"), width)
