"""The plugin of four trackers. Registering imports nothing; a missing package is a one-line error."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dl.errors import UnknownName
from dl.hookspecs import hookimpl
from dl.options import Option, Options
from dl.specs import LoggerSpec

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

    from dl.hookspecs import RunReport

FOLDER = "logs"  # in the run folder
PROJECT = Option("project", "dl", "name of the project that runs are logged to")
OFFLINE = Option("offline", False, "write files only, for `wandb sync`; so it is without an account")


@hookimpl
def register_loggers() -> tuple[LoggerSpec, ...]:
    """Register a CSV file, TensorBoard, Weights & Biases and MLflow."""
    return (
        LoggerSpec("csv", "CSV file in the run folder, one row per epoch", _csv),
        LoggerSpec(
            "tensorboard",
            "TensorBoard event files in the run folder",
            _tensorboard,
            conclude=_conclude("tensorboard_run"),
        ),
        LoggerSpec(
            "wandb",
            "Weights & Biases, with the account you are logged in to, or offline in the run folder",
            _wandb,
            (PROJECT, OFFLINE),
            conclude=_conclude("wandb_run"),
        ),
        LoggerSpec(
            "mlflow",
            "MLflow, at MLFLOW_TRACKING_URI or in mlflow.db beside the runs",
            _mlflow,
            (PROJECT,),
            conclude=_conclude("mlflow_run"),
        ),
    )


def _csv(folder: Path, _options: Options) -> Logger:
    from lightning.pytorch.loggers import CSVLogger

    return CSVLogger(folder, name=FOLDER, version="", flush_logs_every_n_steps=1)


def _tensorboard(folder: Path, _options: Options) -> Logger:
    _need("tensorboard")
    import torch.utils.tensorboard.summary  # noqa: F401 - while the fit waits, as below

    from dl_loggers.tensorboard_run import TensorBoardRun

    return TensorBoardRun(folder, name=FOLDER, version="", default_hp_metric=False)


def _wandb(folder: Path, options: Options) -> Logger:
    _need("wandb")
    import wandb  # noqa: F401 - while the fit waits: imports beside its own may fail in Python 3.11 (gh-106905)

    from dl_loggers.wandb_run import WandbRun

    return WandbRun(folder, str(options["project"]), offline=bool(options["offline"]))


def _mlflow(folder: Path, options: Options) -> Logger:
    _need("mlflow", "mlflow-skinny")
    import mlflow.entities
    import mlflow.tracking  # noqa: F401 - while the fit waits, as above

    from dl_loggers.mlflow_run import build

    return build(folder, str(options["project"]))


def _conclude(module: str) -> Callable[[Logger, RunReport], None]:
    """Return the function ``conclude`` of a module, which is imported when it is called."""

    def conclude(logger: Logger, report: RunReport) -> None:
        from importlib import import_module

        import_module(f"dl_loggers.{module}").conclude(logger, report)

    return conclude


def _need(module: str, package: str = "") -> None:
    """Refuse a logger whose package is not installed.

    Raises:
        UnknownName: Naming the package and how to install it.
    """
    package = package or module
    if find_spec(module) is None:
        raise UnknownName(f"this logger needs the package {package!r}  install it: pip install {package}")
