import gc
import random

import numpy as np
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger

from dl.errors import UnknownName
from dl.options import Option
from dl.specs import LoggerSpec
from dl.testing import check_logger
from dl.testing.logger import RULES


class Broken(CSVLogger):
    """Does something else than it should in one of its calls."""

    def __init__(self, folder, at, does):
        super().__init__(folder, name="broken", version="")
        self.at, self.does = at, does

    def log_hyperparams(self, params=None):
        if self.at == "chosen":
            self.does()

    def log_metrics(self, metrics, step=None):
        if self.at == "epoch":
            self.does()

    def finalize(self, status):
        if self.at == "end":
            self.does()


def spec(at="", does=lambda: None, options=(), build=None, description="keeps"):
    return LoggerSpec("kept", description, build or (lambda folder, options: Broken(folder, at, does)), options)


def fails():
    raise RuntimeError("the line is down")


def draws():
    torch.rand(3)
    np.random.rand()
    random.random()
    torch.manual_seed(7)


def missing(folder, options):
    raise UnknownName("this logger needs the package 'nowhere'")


TWICE = (Option("path", "a", "where"), Option("path", "b", "where"))
BROKEN = {
    "its options can be used": [spec(options=TWICE), spec(description=" ")],
    "it is built": [spec(build=lambda folder, options: 7), spec(build=lambda folder, options: 1 / 0)],
    "it takes the choices of the fit": [spec("chosen", fails)],
    "it takes the numbers of each epoch": [spec("epoch", fails)],
    "it takes the end of the fit": [spec("end", fails)],
    "it prints nothing": [spec("epoch", lambda: print("told"))],
}
CASES = [pytest.param(rule, one, id=f"{rule} {k}") for rule, specs in BROKEN.items() for k, one in enumerate(specs)]


@pytest.mark.parametrize(("rule", "made"), CASES)
def test_what_breaks_a_rule_is_named(rule, made, broken, numbers):
    assert rule in broken(check_logger, made, numbers)


def test_a_logger_that_changes_what_is_learnt_is_named(broken, numbers):
    changing = spec(build=lambda folder, options: Changing(folder))
    assert "the fit is the same as without it" in broken(check_logger, changing, numbers)


class Changing(Broken):
    """Reaches into the optimizers that are alive, and changes their learning rate."""

    def __init__(self, folder):
        super().__init__(folder, "", None)

    def log_metrics(self, metrics, step=None):
        for one in gc.get_objects():
            if type(one) is torch.optim.Adam:
                for group in one.param_groups:
                    group["lr"] *= 3


def test_there_is_a_broken_logger_for_every_rule():
    asked = set(BROKEN) | {"listing it imports nothing heavy", "the fit is the same as without it"}
    assert asked == set(RULES)


@pytest.mark.parametrize("at", ["chosen", "epoch", "end"])
def test_a_logger_that_draws_numbers_changes_nothing_and_is_not_complained_about(at, broken, numbers):
    assert broken(check_logger, spec(at, draws), numbers) == {}


def test_a_logger_whose_package_is_missing_is_skipped(broken, numbers):
    results = {one.rule: one for one in check_logger(spec(build=missing), numbers)}
    assert results["it is built"].state == results["it takes the end of the fit"].state == "skipped"
    assert "'nowhere'" in results["it is built"].message


def test_a_logger_of_ours_holds(broken, numbers):
    assert broken(check_logger, numbers.logger("csv"), numbers) == {}
    said = {one.rule: one.message for one in check_logger(numbers.logger("csv"), numbers)}
    assert said["it takes the numbers of each epoch"] == "log_metrics, 3 times"
