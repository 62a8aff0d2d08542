"""Two processes on a CPU: the same examples in the same steps as one, each validation example counted once."""

import json
import shutil
from dataclasses import astuple

import numpy as np
import pytest
from safetensors.numpy import load_file

from dl.runs.run import Run, list_runs

RECIPE = ("--model", "dense", "width=8", "batch_size=8", "lr=0.01", "optimizer=sgd", "val=11", "clip=0.5")
ONE = ("--accelerator", "cpu", "--devices", "1", "--precision", "64-true")
TWO = ("--accelerator", "cpu", "--devices", "2", "--strategy", "ddp", "--precision", "64-true")


@pytest.fixture
def fit_with(dl_process, dl_run, images, tmp_path):
    """A function that fits on 29 images, 18 of them to train on: two batches of eight and one of two."""
    folder = images(n=29)

    def fit(name, *devices, epochs=3):
        words = ("fit", "vision", folder, *RECIPE, f"epochs={epochs}", *devices, "--runs", tmp_path / name, "--json")
        if "--strategy" in devices:
            process = dl_process(*words)
            out, said = process.communicate(timeout=300)
            code = process.returncode
        else:
            code, out, said = astuple(dl_run(*words))
        assert code == 0, said
        assert [run.name for run in list_runs(tmp_path / name)] == ["0001-shades-dense"], "one run folder only"
        assert said.count(f"2/{epochs}") == 1, "one process speaks"
        return Run((tmp_path / name) / json.loads(out)["run"].rsplit("/", 1)[1])

    return fit


@pytest.mark.parametrize("count", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_processes_train_as_one_does_and_count_each_validation_example_once(fit_with, count):
    alone, together = fit_with("one", *ONE), fit_with("more", *TWO[:3], str(count), *TWO[4:])
    assert together.manifest.status == "finished" and together.manifest.parts == alone.manifest.parts
    assert together.manifest.parts.val == 11
    for part in ("val", "probe"):
        mine, theirs = together.outcomes(part), alone.outcomes(part)
        assert len(np.unique(mine.ids)) == len(mine.ids) == 11
        assert mine.ids.tolist() == theirs.ids.tolist()
        assert mine.loss == pytest.approx(theirs.loss, rel=2e-3)
        assert (mine.score == theirs.score).all()
    for mine, theirs in zip(together.history.rows, alone.history.rows, strict=True):
        for name in ("step", "lr", "train_loss", "train_score", "val_loss", "probe_loss", "val_accuracy"):
            assert mine[name] == pytest.approx(theirs[name], rel=1e-6), name
    weights = load_file(alone.weights)
    for name, value in load_file(together.weights).items():
        assert value == pytest.approx(weights[name], abs=1e-6), name


def test_what_regularizes_steps_weights_and_images_does_so_on_two_processes_as_on_one(fit_with):
    words = (
        "l2=0.05",
        "max-norm=0.5",
        "weight-averaging=0.9",
        "label-smoothing=0.1",
        "random-shift=1",
        "augment=strong",
    )
    reg = [f"--reg={word}" for word in words]
    alone, together = fit_with("one", *ONE, *reg), fit_with("two", *TWO, *reg)
    weights = load_file(alone.weights)
    for name, value in load_file(together.weights).items():
        assert value == pytest.approx(weights[name], abs=1e-6), name
    assert together.history.column("val_loss") == pytest.approx(alone.history.column("val_loss"), rel=1e-6)


WATCHER = """
import os
from dl.hookspecs import hookimpl
from dl.specs import RegularizerSpec

def build(options, task):
    import torch
    from dl.regularizer import Regularizer

    def note(network):
        if network.training:  # a step, not the rehearsal
            mask = torch.nn.functional.dropout(torch.ones(40), 0.5)
            with open({path!r} + os.environ.get("LOCAL_RANK", "0"), "a") as file:
                print(*(int(value > 0) for value in mask), file=file)
        return 0 * next(network.parameters()).sum()

    return Regularizer(penalty=note)

@hookimpl
def register_regularizers():
    return [RegularizerSpec("watcher", "penalty", "notes what dropout draws", build)]
"""


@pytest.mark.slow
def test_each_process_drops_something_else_in_each_step_and_the_same_again_from_the_same_seed(fit_with, site, tmp_path):
    site.add("watcher", WATCHER.format(path=str(tmp_path / "drawn")))
    for _ in range(2):
        fit_with("two", *TWO, "--reg", "watcher", epochs=2)
        shutil.rmtree(tmp_path / "two")
    steps, masks = 2 * 3, [(tmp_path / f"drawn{rank}").read_text().splitlines() for rank in (0, 1)]
    assert masks[0][:steps] == masks[0][steps:] and masks[1][:steps] == masks[1][steps:]
    assert len({*masks[0][:steps], *masks[1][:steps]}) == 2 * steps


@pytest.mark.slow
def test_the_first_process_ends_the_fit_of_both_and_each_draws_for_itself(fit_with):
    run = fit_with("two", *TWO, "--reg", "early-stopping=1,by=metric", "--reg", "mixup=1", "--reg", "noise", epochs=50)
    assert run.manifest.message.startswith("early-stopping: val_accuracy has not improved since epoch ")
    assert 2 <= len(run.history) <= 13, "of eleven examples not more can come right, one an epoch"


SHARP = """
from dl.hookspecs import hookimpl
from dl.specs import RegularizerSpec

def build(options, task):
    import torch
    from dl.regularizer import Regularizer

    @torch.no_grad()
    def move(network, by):
        for one in network.parameters():
            one.add_(by * one.grad)

    def gradients(network, backward):
        backward()
        first = [one.grad.clone() for one in network.parameters()]
        move(network, 0.5)
        backward()
        with torch.no_grad():
            for one, uphill in zip(network.parameters(), first):
                one.sub_(0.5 * uphill)

    return Regularizer(gradients=gradients)

@hookimpl
def register_regularizers():
    return [RegularizerSpec("sharp", "training", "takes the gradient further uphill", build)]
"""


@pytest.mark.slow
def test_a_step_of_two_passes_is_the_same_on_two_processes_as_on_one(fit_with, site):
    site.add("sharp", SHARP)
    alone, together = fit_with("one", *ONE, "--reg", "sharp"), fit_with("two", *TWO, "--reg", "sharp")
    weights = load_file(alone.weights)
    for name, value in load_file(together.weights).items():
        assert value == pytest.approx(weights[name], abs=1e-6), name
    assert together.history.column("train_loss") == pytest.approx(alone.history.column("train_loss"), rel=1e-6)


@pytest.mark.slow
def test_shares_of_the_weights_train_as_whole_ones_do_and_one_device_reads_them(fit_with, dl_run, tmp_path):
    plain = ("linear=no", "--reg", "weight-averaging=off", "momentum=0.9")
    where = (*TWO[:4], "--strategy")
    whole, shares = fit_with("whole", *where, "ddp", *plain), fit_with("shares", *where, "fsdp", *plain)
    weights = load_file(whole.weights)
    found = load_file(shares.weights)
    assert {name: value.shape for name, value in found.items()} == {name: one.shape for name, one in weights.items()}
    for name, value in found.items():
        assert value == pytest.approx(weights[name], abs=1e-5), name
    assert shares.history.column("val_loss") == pytest.approx(whole.history.column("val_loss"), rel=1e-4)
    asked = dl_run("predict", shares.path, tmp_path / "shades" / "dark" / "000.png", "--json")
    assert asked.code == 0, asked
