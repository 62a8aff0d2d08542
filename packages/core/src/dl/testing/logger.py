"""The conformance suite for loggers: they accept the calls of a fit, and do not change it."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dl.errors import PluginFailed, UnknownName
from dl.options import Options
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.plugins.states import PluginWarning, describe_error, short_repr
from dl.runs.run import Run
from dl.specs import LoggerSpec
from dl.testing.fits import KnownFit, fitted
from dl.testing.light import lists_lightly
from dl.testing.numbers import clouds
from dl.testing.rules import Broken, Results, Rules, Skipped, ask, options_hold

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

EPOCHS = 3
CALLS = ("log_hyperparams", "log_metrics", "finalize")  # the calls of a fit, in this order
CLOCK = "seconds"  # suffix of the history columns that differ between equal fits


def check_logger(spec: LoggerSpec, plugins: Plugins | None = None) -> Results:
    """Test a logger against every rule, in a fit of three epochs with default options, and one without it.

    Args:
        spec: From `Plugins.logger`, or built by a plugin.
        plugins: The registered plugins; None loads the installed ones.

    Raises:
        DoesNotConform: Naming each broken rule.
    """
    with tempfile.TemporaryDirectory() as folder:
        subject = _LoggerSubject(spec, plugins or load_plugins(), Path(folder))
        return ask(f"the logger {spec.name!r}", subject, RULES, needed=("its options can be used", "it is built"))


@dataclass
class _Calls:
    """The recorded calls of a logger, each with its exception."""

    made: list[tuple[str, Exception | None]] = field(default_factory=list)

    def recording(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:  # Any: passed through
        def call(*args: Any, **kwargs: Any) -> Any:  # Any: passed through
            try:
                result = function(*args, **kwargs)
            except Exception as error:
                self.made.append((name, error))
                raise
            self.made.append((name, None))
            return result

        return call


class _LoggerSubject:
    def __init__(self, spec: LoggerSpec, plugins: Plugins, folder: Path) -> None:
        self.spec, self.plugins, self.folder = spec, plugins, folder
        self.calls, self.printed = _Calls(), ""

    def build(self, folder: Path, options: Options) -> Logger:
        """Build the logger with its calls recorded."""
        logger = self.spec.build(folder, options)
        for name in CALLS:
            setattr(logger, name, self.calls.recording(name, getattr(logger, name)))
        return logger

    @cached_property
    def with_logger(self) -> Run:
        """The run of a fit with the logger."""
        with redirect_stdout(StringIO()) as out:
            try:
                run = _fit(self.folder / "with", replace(self.spec, build=self.build))
            except UnknownName as error:
                raise Skipped("it is not built") from error
        self.printed = out.getvalue()
        return run

    @cached_property
    def without_logger(self) -> Run:
        """The run of the same fit without it."""
        return _fit(self.folder / "without", None)


def _fit(folder: Path, logger: LoggerSpec | None) -> Run:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)  # the rules below report a failure
        return fitted(KnownFit(clouds(60), "linear", {"epochs": EPOCHS}), folder, logger)


def _light(subject: _LoggerSubject) -> None:
    lists_lightly(subject.plugins, "loggers", subject.spec.name)


def _options(subject: _LoggerSubject) -> None:
    options_hold(subject.spec.options)
    if not subject.spec.description.strip():
        raise Broken("it has no description")


def _built(subject: _LoggerSubject) -> None:
    from lightning.pytorch.loggers import Logger

    folder = subject.folder / "built"
    folder.mkdir()
    try:
        logger = subject.spec.build(folder, {option.name: option.default for option in subject.spec.options})
    except UnknownName as error:  # a package that is not installed
        raise Skipped(str(error)) from error
    except PluginFailed as error:
        raise Broken(str(error)) from error
    if not isinstance(logger, Logger):
        raise Broken(
            f"build returned {short_repr(logger)}, not a logger of Lightning's (lightning.pytorch.loggers.Logger)"
        )


def _takes(call: str, wanted: int) -> Callable[[_LoggerSubject], str]:
    def rule(subject: _LoggerSubject) -> str:
        assert subject.with_logger
        answers = [error for name, error in subject.calls.made if name == call]
        if error := next((error for error in answers if error is not None), None):
            raise Broken(f"{call} fails: {describe_error(error)}")
        if len(answers) < wanted:
            raise Skipped(f"it is not called again after a failure ({len(answers)} of {wanted} calls)")
        return f"{call}, {wanted} times" if wanted > 1 else call

    return rule


def _same(subject: _LoggerSubject) -> str:
    with_logger, without_logger = subject.with_logger, subject.without_logger
    if with_logger.manifest.status != without_logger.manifest.status:
        raise Broken(f"the fit is {with_logger.manifest.status}; without it, it is {without_logger.manifest.status}")
    for with_it, without in zip(with_logger.history.rows, without_logger.history.rows, strict=True):
        for column in without:
            if not column.endswith(CLOCK) and with_it.get(column) != without[column]:
                raise Broken(
                    f"{column} is {with_it.get(column)} after epoch {with_it['epoch']:.0f}, not {without[column]}"
                )
    return f"{len(without_logger.history)} epochs scored alike with it and without"


def _quiet(subject: _LoggerSubject) -> None:
    assert subject.with_logger
    if subject.printed:
        raise Broken(f"it prints {short_repr(subject.printed)} to stdout, which is for the result of a verb")


RULES: Rules[_LoggerSubject] = {
    "listing it imports nothing heavy": _light,
    "its options can be used": _options,
    "it is built": _built,
    "it takes the choices of the fit": _takes("log_hyperparams", 1),
    "it takes the numbers of each epoch": _takes("log_metrics", EPOCHS),
    "it takes the end of the fit": _takes("finalize", 1),
    "the fit is the same as without it": _same,
    "it prints nothing": _quiet,
}
