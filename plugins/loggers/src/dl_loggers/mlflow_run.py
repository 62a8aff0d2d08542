"""A run in MLflow: at the address in MLFLOW_TRACKING_URI, or in a database beside the run folders."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from lightning.pytorch.loggers import Logger, MLFlowLogger

from dl.hookspecs import RunReport
from dl_loggers.conclusion import numbers, page, tags

DATABASE = "mlflow.db"  # in the folder of runs
LONGEST = 250  # characters of a name, by MLflow's limit
MOST = 1000  # metrics of a request, by MLflow's limit
FILES = "mlflow"  # the folder of its artifacts, there


class MlflowRun(MLFlowLogger):
    """Lightning's logger, which takes several rows at once, and whose run ends with a status that MLflow knows."""

    def log_rows(self, rows: Sequence[tuple[Mapping[str, float], int]]) -> None:
        """Log rows, each with its step, in as few requests as MLflow allows."""
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        metrics = [Metric(named(name), float(value), now, step) for row, step in rows for name, value in row.items()]
        for first in range(0, len(metrics), MOST):
            self.experiment.log_batch(self.run_id, metrics=metrics[first : first + MOST])

    def finalize(self, status: str = "success") -> None:
        """End the run."""
        super().finalize({"interrupted": "KILLED"}.get(status, status))


def named(name: str) -> str:
    """Return a name as MLflow takes it: of letters, digits and a few signs, and not too long."""
    return re.sub(r"[^/\w.\- ]", "_", name)[:LONGEST]


def build(folder: Path, project: str) -> MlflowRun:
    """Make the logger of a run folder.

    What fails in its database is told by the error, in a line; MLflow would print the traceback as well.
    """
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    runs = folder.resolve().parent
    if address := os.environ.get("MLFLOW_TRACKING_URI"):
        return MlflowRun(project, folder.name, tracking_uri=address)
    address, place = f"sqlite:///{runs / DATABASE}", (runs / FILES).as_uri()
    return MlflowRun(project, folder.name, tracking_uri=address, artifact_location=place)


def conclude(logger: Logger, report: RunReport) -> None:
    """Log the report: its pages as artifacts, the verdict as tags, the scores as metrics."""
    from mlflow.entities import Metric, RunTag

    assert isinstance(logger, MLFlowLogger)
    client, run = logger.experiment, logger.run_id
    now = int(1000 * time.time())
    found = {"verdict": report.verdict} | {f"verdict.{name}": value for name, value in tags(report).items()}
    client.log_batch(
        run,
        metrics=[Metric(named(name), value, now, 0) for name, value in numbers(report).items()],
        tags=[RunTag(named(name), value[:5000]) for name, value in found.items()],
    )
    client.log_text(run, page(report), "report.html")
    client.log_text(run, repr(report), "report.txt")
