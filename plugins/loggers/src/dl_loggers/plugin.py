"""The plugin of Lightning's loggers. Registering imports nothing; a missing package is a one-line error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dl.errors import UnknownName
from dl.hookspecs import hookimpl
from dl.options import Option, Options
from dl.specs import LoggerSpec

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger

FOLDER = "logs"  # in the run folder
PROJECT = Option("project", "dl", "name of the project that runs are logged to")


@hookimpl
def register_loggers() -> tuple[LoggerSpec, ...]:
    """Register four loggers of Lightning."""
    return (
        LoggerSpec("csv", "CSV file in the run folder, one row per epoch", _csv),
        LoggerSpec("tensorboard", "TensorBoard event files in the run folder", _tensorboard),
        LoggerSpec("wandb", "Weights & Biases, with the account you are logged in to", _wandb, (PROJECT,)),
        LoggerSpec(
            "mlflow",
            "MLflow, at MLFLOW_TRACKING_URI or in the run folder",
            _mlflow,
            (PROJECT,),
        ),
    )


def _csv(folder: Path, _options: Options) -> Logger:
    from lightning.pytorch.loggers import CSVLogger

    return CSVLogger(folder, name=FOLDER, version="", flush_logs_every_n_steps=1)


def _tensorboard(folder: Path, _options: Options) -> Logger:
    from lightning.pytorch.loggers import TensorBoardLogger

    with _explain_missing("tensorboard"):
        return TensorBoardLogger(folder, name=FOLDER, version="", default_hp_metric=False)


def _wandb(folder: Path, options: Options) -> Logger:
    from lightning.pytorch.loggers import WandbLogger

    with _explain_missing("wandb"):
        return WandbLogger(folder.name, save_dir=folder, project=str(options["project"]))


def _mlflow(folder: Path, options: Options) -> Logger:
    from lightning.pytorch.loggers import MLFlowLogger

    with _explain_missing("mlflow-skinny"):
        return MLFlowLogger(str(options["project"]), folder.name, save_dir=str(folder / FOLDER))


@contextmanager
def _explain_missing(package: str) -> Iterator[None]:
    """Inside this context turn a missing package into a one-line error.

    Raises:
        UnknownName: Naming the package and how to install it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UnknownName(f"this logger needs the package {package!r}  install it: pip install {package}") from error
