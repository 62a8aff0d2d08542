import logging
import os
import warnings

import pytest
import torch

from dl.errors import BadDevices
from dl.training.devices import Devices, is_first_device, quiet_lightning


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"devices": "1000"}, rf"--devices 1000: this machine has {os.cpu_count()} CPU cores"),
        ({"devices": "0"}, "training needs at least one device"),
        ({"devices": "-1"}, "lightning refuses these devices"),
        ({"devices": "two"}, "lightning refuses these devices"),
        ({"devices": "²"}, "lightning refuses these devices"),
        ({"devices": "9" * 5000}, "lightning refuses these devices"),
        ({"devices": "1,2"}, "lightning refuses these devices"),
        ({"accelerator": "gpu", "devices": "99"}, "--devices 99: this machine has .* GPUs  see: dl doctor"),
        ({"accelerator": "abacus"}, "invalid accelerator name"),
        ({"accelerator": "tpu"}, "lightning refuses these devices"),
        ({"strategy": "hope"}, "invalid strategy name"),
        ({"precision": "7-bit"}, "Precision '7-bit' is invalid"),
        ({"num_nodes": 0}, "positive integer"),
    ],
)
def test_what_this_machine_does_not_have_is_one_line(given, message):
    with pytest.raises(BadDevices, match=message) as refused:
        Devices(**{"accelerator": "cpu", **given}).check()
    assert "\n" not in str(refused.value)


def test_what_it_has_passes():
    Devices("cpu", "1", max_time="00:00:01:00", precision="64-true").check()


def test_everything_is_passed_on_to_the_trainer():
    trainer = Devices("cpu", "2", "ddp", "64-true", 1, "00:01:00:00").trainer(7, [])
    assert (trainer.max_epochs, trainer.world_size, trainer.precision) == (7, 2, "64-true")
    assert not trainer.loggers and trainer.checkpoint_callback is None


@pytest.mark.parametrize(("precision", "blocks"), [("32-true", True), ("64-true", True), ("16-mixed", False)])
def test_gradients_that_are_scaled_take_the_ordinary_path(precision, blocks):
    assert Devices(precision=precision).supports_blocks is blocks


@pytest.mark.parametrize(
    ("accelerator", "on_gpu", "computes", "precision"),
    [("auto", True, True, "bf16-mixed"), ("gpu", True, False, "32-true"), ("cpu", True, True, "32-true")],
)
def test_auto_is_the_fastest_precision_with_the_range_of_32_bits(accelerator, on_gpu, computes, precision, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: on_gpu)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: computes)
    assert Devices(accelerator, precision="auto").precision == precision


def test_this_process_is_the_first_device():
    assert is_first_device()


def test_lightning_is_quiet_inside_and_as_before_outside():
    logger = logging.getLogger("lightning.pytorch")
    before, filters = logger.level, list(warnings.filters)
    with pytest.raises(KeyError), quiet_lightning():
        assert logger.level == logging.ERROR
        raise KeyError
    assert logger.level == before and warnings.filters == filters


def test_fits_that_are_made_in_turn_take_one_device():
    Devices("cpu", "1").need_one("folds are fitted")
    with pytest.raises(BadDevices, match=r"^folds are fitted one after the other on one device, not 2  try: one$"):
        Devices("cpu", "2").need_one("folds are fitted", "  try: one")
