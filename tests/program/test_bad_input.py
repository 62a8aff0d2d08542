"""Every mistake a user can make is one line, an exit code, and nothing left behind."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import dl
from dl.cli.main import run
from dl.runs.run import Run
from dl.training.devices import Devices

TINY = ("--model", "dense", "width=4", "epochs=1", "--accelerator", "cpu", "--devices", "1")


@pytest.fixture
def refuse(capsys, runs, monkeypatch, tmp_path):
    """A function that runs ``dl`` and checks that it is refused in one line: refuse(2, "fit", ...) gives the line."""
    monkeypatch.chdir(tmp_path)

    def check(code, *words):
        before = sorted(path.name for path in runs.iterdir()) if runs.exists() else []
        capsys.readouterr()
        found = run([*map(str, words), "--runs", str(runs)])
        out, said = capsys.readouterr()
        last = said.splitlines()[-1]
        assert found == code, said
        assert last.startswith("dl: ") and len([line for line in said.splitlines() if line.startswith("dl: ")]) == 1
        assert "Traceback" not in said + out and "\x1b" not in said and out == ""
        assert (sorted(path.name for path in runs.iterdir()) if runs.exists() else []) == before
        return last

    return check


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("fit", "visoin", "mnist"), "no domain named 'visoin'; did you mean 'vision'?"),
        (("fit", "vision", "minst"), "no vision data set named 'minst'; did you mean 'mnist'?"),
        (("fit", "vision", "mnist", "--model", "convnot"), "no vision model named 'convnot'; did you mean 'convnet'?"),
        (("fit", "vision", "mnist", "--recipe", "fats"), "no vision recipe named 'fats'; did you mean 'fast'?"),
        (("fit", "vision", "mnist", "--recipe", "gone.toml"), "recipe 'gone.toml' cannot be read"),
        (("fit", "vision", "mnist", "seed=3"), "seed=3 is a flag here  type: --seed 3"),
        (("fit", "vision", "mnist", "reg=l2=1e-4"), "reg=l2=1e-4 is a flag here  type: --reg l2=1e-4"),
        (("fit", "vision", "mnist", "epcohs=3"), "no option named 'epcohs' for this fit; did you mean 'epochs'?"),
        (("fit", "vision", "mnist", "epochs=three"), "training: epochs=three: expected a whole number"),
        (("fit", "vision", "mnist", "epochs=-1"), "training: epochs=-1: expected a whole number from 1"),
        (("fit", "vision", "mnist", "lr=nan"), "training: lr=nan: expected a number"),
        (("fit", "vision", "mnist", "epochs"), "'epochs' is not of the form key=value"),
        (("fit", "vision", "mnist", "epochs=1", "epochs=2"), "'epochs' is given twice"),
        (("fit", "vision", "mnist", "--seed", "-3"), "seed=-3: expected a whole number from 0"),
        (("fit", "vision", "mnist", "--seed", "x"), "Invalid value for '--seed'"),
        (("fit", "vision", "mnist", "--epochs", "3"), "No such option: --epochs"),
        (("fit", "vision", "mnist", "--devices", "1000", "--accelerator", "cpu"), "this machine has"),
        (("fit", "vision", "mnist", "--devices", "none"), "lightning refuses these devices"),
        (("fit", "vision", "mnist", "--precision", "9"), "lightning refuses these devices"),
        (("fit", "vision", "mnist", "--strategy", "hope"), "lightning refuses these devices"),
        (("fit", "vision", "./gone"), "no file or folder './gone'"),
        (("fit", "text", "gone.txt"), "no file or folder 'gone.txt'"),
        (("show", "gone.csv"), "no file or folder 'gone.csv'"),
        (("fit", "vision", "~nobody-of-this-name/x"), "no file or folder"),
        (("fit", "vision", "x" * 5000), "no vision data set named"),
        (("fit", "vision"), "no data set given; one of: "),
        (("fit",), "no domain given; one of: "),
        (("ls", "modles"), "no kind named 'modles'; did you mean 'models'?"),
        (("show", "mnits"), "nothing is named 'mnits'; did you mean 'mnist'?"),
        (("show", "model", "convnot"), "no model named 'convnot'; did you mean 'convnet'?"),
        (("show", "x" * 5000), "nothing is named"),
        (("show", "7"), "no run '7' in "),
        (("test", "last"), "there is no run in "),
        (("predict", "last", "photo.png"), "there is no run in "),
    ],
)
def test_a_wrong_word_is_one_line_with_what_would_be_right(refuse, words, line):
    assert line in refuse(2, *words)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--reg", ""), "'' is not of the form name, name=value or name=value,key=value"),
        (("--reg", "l2="), "'l2=' is not of the form name"),
        (("--reg", "l2=x"), "regularizer l2: strength=x: expected a number from 0 to 1000"),
        (("--reg", "l2=nan"), "regularizer l2: strength=nan: expected a number from 0 to 1000"),
        (("--reg", "l2=1e-4,evrey=yes"), "regularizer l2 has no option 'evrey'; did you mean 'every'?"),
        (("--reg", "l3"), "no regularizer named 'l3'; did you mean 'l2'?  see: dl ls regularizers"),
        (("--reg", "l2=1e-4", "--reg", "l2=1e-5"), "'l2' is given twice"),
        (("--reg", "\x1b[31ml2"), "no regularizer named '\\x1b[31ml2'"),
        (("--reg", "word-dropout=0.1"), "the regularizer 'word-dropout' is for text, not for vision"),
        (("--reg", "mixup", "--reg", "cutmix"), "two regularizers mix the examples of a batch; take one of them"),
        (("--reg", "dropout=0.5", "dropout=0.3"), "the network already has dropout; set its rate with dropout="),
    ],
)
def test_a_regularizer_that_cannot_be_meant_is_one_line(refuse, images, words, line):
    assert line in refuse(2, "fit", "vision", images(), *TINY, *words)


def test_a_regularizer_left_out_at_the_end_is_one_line(capsys):
    assert run(["fit", "vision", "mnist", "--reg"]) == 2
    assert capsys.readouterr().err.startswith("dl: Option '--reg' requires an argument")


@pytest.mark.parametrize("name", ["mixup", "noise"])
def test_tokens_cannot_be_mixed_or_made_noisy(refuse, tmp_path, name):
    rows = [f"{('good', 'bad')[k % 2]} film {k},{k % 2}\n" for k in range(20)]
    (tmp_path / "few.csv").write_text("review,label\n" + "".join(rows))
    line = refuse(2, "fit", "text", tmp_path / "few.csv", "--reg", name, "epochs=1")
    assert f"{name} needs inputs that are numbers, not tokens; for texts use word-dropout" in line


@pytest.mark.parametrize("words", [("ls", "runs"), ("report", "last"), ("show", "last"), ("test", "1")])
def test_a_file_in_place_of_the_folder_of_runs_is_said_to_be_one(capsys, tmp_path, words):
    (tmp_path / "few.csv").write_text("a")
    assert run([*words, "--runs", str(tmp_path / "few.csv")]) == 2
    assert "few.csv' is a file, not a folder of runs; pass --runs FOLDER" in capsys.readouterr().err


def test_an_unknown_verb_is_one_line(capsys):
    assert run(["fitt", "vision"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("dl: ") and said.count("\n") == 1 and "fitt" in said


def test_a_mistake_is_a_traceback_only_where_that_is_asked_for(monkeypatch, runs):
    monkeypatch.setenv("DL_DEBUG", "1")
    with pytest.raises(dl.plugins.registry.UnknownName):
        run(["fit", "visoin", "mnist", "--runs", str(runs)])


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("[trian]\nlr = 1", 2, "unknown key 'trian'; did you mean 'train'?"),
        ("[model]\nname = 'dense'\n[train]\nlearning = 1", 2, "training has no option 'learning'"),
        ("[train]\nlr = 1", 2, "no model given; one of: "),
        ("[model]\nname = 'dense'\n[train]\nlr = 'fast'", 2, "training: lr=fast: expected a number"),
        ("version = 2", 2, "version 2; this dl reads up to 1"),
        ("seed = -1\n[model]\nname = 'dense'", 2, "seed=-1"),
        ("a = " + "[" * 10_000, 2, "not TOML"),
        ("# " + "x" * 10_000_000, 2, "more than 1,000,000 bytes"),
        ("\x1b[31m = 1", 2, "not TOML"),
    ],
)
def test_a_recipe_that_does_not_hold_is_one_line(refuse, tmp_path, text, code, line):
    (tmp_path / "mine.toml").write_text(text)
    assert line in refuse(code, "fit", "vision", "mnist", "--recipe", "./mine.toml")


def png(path, size=(4, 4), seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, size, dtype=np.uint8)).save(path)


def an_empty_folder(root):
    root.mkdir()


def a_class_without_an_image(root):
    png(root / "cat" / "1.png")
    (root / "dog").mkdir()


def one_class(root):
    png(root / "cat" / "1.png")


def classes_that_differ_in_case(root):
    png(root / "cat" / "1.png")
    png(root / "Cat" / "1.png")


def images_without_classes(root):
    png(root / "1.png")


def a_file_that_is_no_image(root):
    png(root / "cat" / "1.png")
    (root / "dog").mkdir()
    (root / "dog" / "[red]\x1b[31mtwo.png").write_text("no image")


def a_truncated_image(root):
    png(root / "cat" / "1.png")
    png(root / "dog" / "2.png", (64, 64))
    (root / "dog" / "2.png").write_bytes((root / "dog" / "2.png").read_bytes()[:200])


def an_image_bomb(root):
    png(root / "cat" / "1.png")
    (root / "dog").mkdir()
    Image.new("1", (20_000, 20_000)).save(root / "dog" / "2.png")


def a_test_folder_without_a_training_folder(root):
    png(root / "test" / "cat" / "1.png")


def a_file(root):
    root.write_text("a file")


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (an_empty_folder, "holds nothing"),
        (a_class_without_an_image, "class 'dog' in "),
        (one_class, "holds only one class, 'cat'"),
        (classes_that_differ_in_case, "differ only in case"),
        (images_without_classes, "no class folders"),
        (a_file_that_is_no_image, "x1b[31mtwo.png: not an image"),
        (a_truncated_image, "dog/2.png"),
        (an_image_bomb, "dog/2.png"),
        (a_test_folder_without_a_training_folder, "no train folder"),
        (a_file, "is a file"),
    ],
)
def test_a_folder_that_cannot_be_trained_on_is_one_line_that_names_what(refuse, tmp_path, make, line):
    make(tmp_path / "pets")
    assert line in refuse(3, "fit", "vision", "./pets", *TINY)


def test_bad_files_can_be_skipped_and_are_counted(images, runs, capsys):
    folder = images()
    (folder / "dark" / "bad.png").write_text("no image")
    assert run(["fit", "vision", str(folder), *TINY, "bad_files=skip", "--runs", str(runs)]) == 0
    assert "1 file was skipped: dark/bad.png" in capsys.readouterr().err


def test_names_from_data_reach_the_terminal_as_text(images, runs, capsys):
    folder = images()
    (folder / "dark").rename(folder / "[blink]\x1b[31mdark\u202e")
    assert run(["fit", "vision", str(folder), *TINY, "--runs", str(runs)]) == 0
    assert run(["show", str(folder)]) == 0
    out, said = capsys.readouterr()
    assert "\x1b" not in out + said and "\u202e" not in out + said and "[blink]\\x1b[31mdark\\u202e" in out + said


def test_a_folder_whose_name_is_no_unicode_can_be_trained_on(images, runs, tmp_path, capsys):
    folder = images()
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.rename(odd)
    found = run(["fit", "vision", str(odd), *TINY, "--runs", str(runs)])
    said = capsys.readouterr().err
    assert found in (0, 3) and "Traceback" not in said


@pytest.mark.parametrize("place", ["a file in its place", "/proc/nowhere"])
def test_a_runs_folder_that_cannot_be_made_is_one_line(tmp_path, capsys, images, place):
    runs = Path(place) if place.startswith("/") else tmp_path / "runs"
    if not place.startswith("/"):
        runs.write_text("")
    assert run(["fit", "vision", str(images()), *TINY, "--runs", str(runs)]) == 2
    assert capsys.readouterr().err.startswith(f"dl: cannot write '{runs}")


def test_a_full_disk_is_one_line_and_leaves_no_half_run(tmp_path, images, dl_process):
    full = tmp_path / "full"
    full.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", str(full)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this process may not mount a file system")
    try:
        process = dl_process("fit", "vision", images(), *TINY, "--runs", full)
        out, said = process.communicate(timeout=120)
        assert process.returncode == 2 and "Traceback" not in said and out == ""
        assert "the disk is full" in said.splitlines()[-1] and said.splitlines()[-1].startswith("dl: cannot write")
        assert list(full.iterdir()) == []
    finally:
        process.kill()
        subprocess.run(["umount", str(full)], check=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on two small classes, and the folder of its runs."""
    root = tmp_path_factory.mktemp("trained")
    for number in range(20):
        png(root / "pets" / ("cat", "dog")[number % 2] / f"{number}.png", seed=number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DL_CACHE", str(root / "cache"))
        devices = Devices("cpu", "1")
        return dl.fit(
            "vision", str(root / "pets"), model="dense", width=4, epochs=1, devices=devices, runs=root / "runs"
        )


@pytest.fixture
def copied(trained, runs):
    """A copy of that run, to be damaged."""
    import shutil

    shutil.copytree(trained.path.parent, runs)
    return runs / trained.name


def test_a_run_of_an_unknown_version_is_one_line(refuse, copied):
    manifest = json.loads((copied / "run.json").read_text())
    (copied / "run.json").write_text(json.dumps(manifest | {"format": 9}))
    for words in (("show", "1"), ("test", "1"), ("predict", "1", "x.png")):
        assert "run format 9; this dl reads format 1" in refuse(2, *words)


def test_a_damaged_run_is_listed_as_unreadable_and_the_others_too(copied, runs, capsys):
    (copied / "run.json").write_text("{")
    assert run(["ls", "runs", "--runs", str(runs)]) == 0
    assert "unreadable" in capsys.readouterr().out


def test_weights_that_are_not_ours_are_one_line(refuse, copied, tmp_path):
    png(tmp_path / "x.png")
    evil = b"\x80\x04cos\nsystem\n(S'touch ran'\ntR."
    Run(copied).weights.write_bytes(evil)
    assert "is damaged: it has 30 bytes" in refuse(2, "predict", "1", tmp_path / "x.png")
    (copied / "best.safetensors").write_bytes(evil)
    (copied / "run.json").write_text(replace(Run(copied).manifest, files={}).to_json())  # as an earlier dl wrote it
    assert "is not a file of weights" in refuse(2, "predict", "1", tmp_path / "x.png")
    assert not (tmp_path / "ran").exists()


def test_a_run_without_a_test_part_is_one_line(refuse, copied):
    assert "pets has no test set; make the folders train and test in it" in refuse(3, "test", "1")


@pytest.mark.parametrize(
    ("name", "line"), [("gone.png", "not there"), ("words.png", "words.png"), ("list.csv", "empty")]
)
def test_an_input_that_cannot_be_read_is_one_line(refuse, copied, tmp_path, name, line):
    if name != "gone.png":
        (tmp_path / name).write_text("words" if name == "words.png" else "")
    assert line in refuse(3, "predict", "1", tmp_path / name)


def test_a_loss_that_is_no_number_is_exit_one_with_step_and_advice(capsys, runs):
    words = ["fit", "vision", "mnist-slant", *TINY, "lr=1e30", "optimizer=sgd", "val=59000", "schedule=constant"]
    assert run([*words, "--runs", str(runs)]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("dl: the loss is ") and "at step " in last and "try: lr=1e+29" in last


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=60
)
@given(
    words=st.lists(
        st.one_of(
            st.sampled_from(
                ["ls", "show", "fit", "test", "vision", "mnist", "last", "--json", "--out", "--", "-x", "=", "a="]
            ),
            st.text(st.characters(exclude_characters="\0"), max_size=12),
        ),
        max_size=4,
    ).filter(lambda words: not ("fit" in words and "mnist" in words) and "--help" not in words)
)
def test_whatever_is_typed_there_is_no_traceback(words, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    capfd.readouterr()
    code = run(words)
    said = capfd.readouterr().err
    assert code in {0, 1, 2, 3, 4, 130, 143} and "Traceback" not in said
    assert code == 0 or said.startswith("dl: ") or not words
