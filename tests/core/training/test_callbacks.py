"""The callbacks of a fit: what loggers are told, and what becomes of those that fail."""

import pytest
from lightning.pytorch.loggers import CSVLogger

from dl.errors import BadOption, UnknownName
from dl.hookspecs import hookimpl
from dl.options import Option
from dl.plugins.states import PluginWarning
from dl.specs import LoggerSpec


class Kept(CSVLogger):
    """Keeps what it is told, beside the file; fails at the epoch it is made for."""

    def __init__(self, folder, fails_at=0):
        super().__init__(folder, name="kept", version="")
        self.told, self.chosen, self.ended, self.fails_at = [], {}, "", fails_at

    def log_hyperparams(self, params=None):
        self.chosen = dict(params)

    def log_metrics(self, metrics, step=None):
        self.told.append((step, dict(metrics)))
        if len(self.told) == self.fails_at:
            raise RuntimeError("the line is down")

    def finalize(self, status):
        self.ended = status


class LoggerPlugin:
    """Registers one logger, and keeps those that were built."""

    def __init__(self):
        self.built = []

    def build(self, folder, options):
        self.built.append(Kept(folder, int(options["fails_at"])))
        return self.built[-1]

    @hookimpl
    def register_loggers(self):
        return [LoggerSpec("kept", "keeps", self.build, (Option("fails_at", 0, "epoch", low=0),))]


@pytest.fixture
def plugin():
    return LoggerPlugin()


def test_a_logger_is_told_the_choices_each_epoch_and_the_end(fit, blobs, plugin):
    run = fit(blobs(), epochs=3, loggers={"kept": {}}, more=[plugin])
    (logger,) = plugin.built
    assert [step for step, _ in logger.told] == [int(row["step"]) for row in run.history.rows]
    assert [told["val_loss"] for _, told in logger.told] == pytest.approx(run.history.column("val_loss"), rel=1e-6)
    assert (logger.chosen["model"], logger.chosen["train.epochs"]) == ("linear", 3)
    assert logger.ended == "success"


def test_a_logger_that_fails_is_said_once_and_the_fit_goes_on(fit, blobs, plugin):
    message = (
        "plugin 'LoggerPlugin.*' given by the program, dl .*: the logger 'kept' failed and is no longer called: Runtime"
    )
    with pytest.warns(PluginWarning, match=message):
        run = fit(blobs(), epochs=3, loggers={"kept": {"fails_at": 2}}, more=[plugin])
    assert run.manifest.status == "finished" and len(run.history) == 3
    assert len(plugin.built[0].told) == 2


def test_a_logger_that_nobody_has_or_a_wrong_option_is_said_before_anything_is_kept(fit, blobs, plugin, runs):
    with pytest.raises(UnknownName, match="no logger named 'kpt'; did you mean 'kept'"):
        fit(blobs(), loggers={"kpt": {}}, more=[plugin])
    with pytest.raises(BadOption, match="logger kept: fails_at=soon"):
        fit(blobs(), loggers={"kept": "soon"}, more=[plugin])
    assert not list(runs.glob("*")) if runs.exists() else True


def test_a_logger_that_cannot_be_made_leaves_no_half_run(fit, blobs, runs, monkeypatch):
    monkeypatch.setattr("dl_loggers.plugin.find_spec", lambda name: None)
    with pytest.raises(UnknownName, match="needs the package 'wandb'"):
        fit(blobs(), loggers={"wandb": {}})
    assert not [path for path in runs.iterdir() if path.is_dir()]
