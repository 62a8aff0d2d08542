"""A fit in TensorBoard: curves and choices, then the verdict, the text of the report, and the scores as scalars."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from lightning.pytorch.loggers import Logger, TensorBoardLogger

from dl.hookspecs import RunReport
from dl_loggers.conclusion import numbers, tags

COLUMN = "best/val"  # the number that stands beside the choices


class TensorBoardRun(TensorBoardLogger):
    """Lightning's logger, which writes the choices for the page of hyperparameters at the start of the fit."""

    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *_: Any, **__: Any
    ) -> None:  # Any: as Lightning has it
        """Log the choices."""
        from torch.utils.tensorboard.summary import hparams

        super().log_hyperparams(params)
        named = vars(params) if isinstance(params, Namespace) else params
        plain = {name: value if isinstance(value, (int, float)) else str(value) for name, value in named.items()}
        for summary in hparams(plain, {COLUMN: 0.0}):
            self.experiment.file_writer.add_summary(summary)


def conclude(logger: Logger, report: RunReport) -> None:
    """Log the report."""
    assert isinstance(logger, TensorBoardLogger)
    board = logger.experiment
    board.add_text("verdict", report.verdict)
    board.add_text("report", "\n".join(f"    {line}" for line in repr(report).splitlines()))  # Markdown: as it stands
    for name, value in tags(report).items():
        board.add_text(f"tags/{name}", value)
    for name, number in numbers(report).items():
        board.add_scalar(name, number)
