"""MNIST as published: sizes, ids, targets of each task, and a test set that stays closed."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from dl.errors import BadFile
from dl_mnist import mnist, plugin


@pytest.fixture(scope="module")
def loaded():
    return {spec.name: spec.load({}) for spec in plugin.register_datasets()}


def test_mnist_is_60000_and_10000_digits(loaded):
    dataset = loaded["mnist"]
    test = dataset.open_test()
    assert dataset.train.inputs.shape == (60_000, 28, 28, 1) and dataset.train.inputs.dtype == np.uint8
    assert test.inputs.shape == (10_000, 28, 28, 1) and dataset.val_size == 10_000
    assert dataset.train.targets[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]
    assert np.bincount(dataset.train.targets).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(test.targets).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_mean_and_deviation_are_the_published_ones(loaded):
    pixels = loaded["mnist"].train.inputs
    assert pixels.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert pixels.std() / 255 == pytest.approx(0.3081, abs=5e-5)


def test_ids_of_training_and_test_never_meet(loaded):
    dataset = loaded["mnist"]
    every = np.concatenate([dataset.train.ids, dataset.open_test().ids])
    assert len(np.unique(every)) == 70_000


@pytest.mark.parametrize(
    ("name", "shape", "kind", "names"),
    [
        ("mnist", (60_000,), np.integer, 10),
        ("mnist-even", (60_000,), np.integer, 2),
        ("mnist-attributes", (60_000, 4), np.integer, 4),
        ("mnist-slant", (60_000, 1), np.floating, 1),
        ("mnist-ink", (60_000, 1), np.floating, 1),
    ],
)
def test_targets_have_the_shape_of_their_task(loaded, name, shape, kind, names):
    train = loaded[name].train
    assert train.targets.shape == shape and np.issubdtype(train.targets.dtype, kind) and len(train.names) == names
    assert np.isfinite(train.targets).all()
    assert train.inputs.tobytes() == loaded["mnist"].train.inputs.tobytes()


def test_real_digits_lean_a_little_to_the_right(loaded):
    degrees = loaded["mnist-slant"].train.targets
    assert 4 < degrees.mean() < 8 and np.abs(degrees).max() < 65


def test_real_digits_are_mostly_paper(loaded):
    share = loaded["mnist-ink"].train.targets
    assert 0.1 < share.mean() < 0.16 and share.min() > 0 and share.max() < 0.5


def test_the_test_part_stays_closed_until_it_is_opened(tmp_path):
    for known in mnist.TRAIN:
        shutil.copy(mnist.FILES / known.name, tmp_path)
    dataset = mnist.load("mnist", tmp_path)
    with pytest.raises(BadFile, match="t10k-images"):
        dataset.open_test()


def test_the_notice_lies_beside_the_files():
    notice = (mnist.FILES / "NOTICE").read_text(encoding="utf-8")
    assert "CC BY-SA 3.0" in notice and "Yann LeCun and Corinna Cortes" in notice
    for known in (*mnist.TRAIN, *mnist.TEST):
        assert known.sha256 in notice and (mnist.FILES / known.name).is_file()


def test_reading_is_lean_in_memory():
    lines = (
        "import resource, numpy",
        "from dl_mnist import mnist, plugin",
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss",
        "for name in mnist.TASKS: mnist.load(name)",
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 120_000  # kilobytes
