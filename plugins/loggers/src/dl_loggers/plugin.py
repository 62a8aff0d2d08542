"""Lightning's own loggers by name. Listing them imports nothing; one whose package is missing says how to get it."""

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
PROJECT = Option("project", "dl", "under which runs are kept together")


@hookimpl
def register_loggers() -> tuple[LoggerSpec, ...]:
    """Four of Lightning's."""
    return (
        LoggerSpec("csv", "a CSV file in the run folder, a row an epoch", _csv),
        LoggerSpec("tensorboard", "TensorBoard's event files in the run folder", _tensorboard),
        LoggerSpec("wandb", "Weights & Biases, as you are logged in there", _wandb, (PROJECT,)),
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

    with _saying_how_to_get("tensorboard"):
        return TensorBoardLogger(folder, name=FOLDER, version="", default_hp_metric=False)


def _wandb(folder: Path, options: Options) -> Logger:
    from lightning.pytorch.loggers import WandbLogger

    with _saying_how_to_get("wandb"):
        return WandbLogger(folder.name, save_dir=folder, project=str(options["project"]))


def _mlflow(folder: Path, options: Options) -> Logger:
    from lightning.pytorch.loggers import MLFlowLogger

    with _saying_how_to_get("mlflow-skinny"):
        return MLFlowLogger(str(options["project"]), folder.name, save_dir=str(folder / FOLDER))


@contextmanager
def _saying_how_to_get(package: str) -> Iterator[None]:
    """Turn a missing package into one line.

    Raises:
        UnknownName: Naming it.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UnknownName(f"this logger needs the package {package!r}  get it: pip install {package}") from error
