"""A run of Weights & Biases of its own, which ends with its fit; Lightning's would last until the program exits."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger

from dl.hookspecs import RunReport
from dl_loggers.conclusion import numbers, page, short_tags


class WandbRun(Logger):
    """A run, begun with the first call.

    Args:
        folder: Of the run, where its files lie.
        project: That it is logged to.
        offline: Whether only files are written; so it is without an account, for which nobody is asked.
    """

    def __init__(self, folder: Path, project: str, *, offline: bool) -> None:
        super().__init__()
        self.folder, self.project = folder, project
        self.mode = "offline" if offline else os.environ.get("WANDB_MODE", "")
        self._run: Any = None  # Any: a run of wandb, or one that is disabled

    @property
    def experiment(self) -> Any:  # Any: as above
        """The run, begun where it is not."""
        if self._run is None:
            import wandb

            quiet = wandb.Settings(silent=True, console="off")
            mode = self.mode or ("online" if wandb.login(prompt=False, verify=False) else "offline")
            given: dict[str, Any] = {"dir": str(self.folder), "mode": mode, "settings": quiet}
            self._run = wandb.init(project=self.project, name=self.name, reinit="create_new", **given)
        return self._run

    @property
    def name(self) -> str:
        """That of the run folder."""
        return self.folder.name

    @property
    def version(self) -> str:
        """The identifier of the run, if it has begun."""
        return self._run.id if self._run else ""

    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *_: Any, **__: Any
    ) -> None:  # Any: as Lightning has it
        """Log the choices."""
        self.experiment.config.update(
            dict(vars(params) if isinstance(params, Namespace) else params), allow_val_change=True
        )

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log a row."""
        self.experiment.log(dict(metrics), step=step)

    def finalize(self, status: str) -> None:
        """End the run."""
        if self._run is not None:
            self._run.finish(exit_code=0 if status == "success" else 1)


def conclude(logger: Logger, report: RunReport) -> None:
    """Log the report: its pages as an artifact, the verdict as tags and notes, the scores in the summary."""
    import wandb

    assert isinstance(logger, WandbRun)
    run = logger.experiment
    run.tags = (*(run.tags or ()), *short_tags(report))
    run.notes = report.verdict
    run.summary.update({"verdict": report.verdict} | numbers(report))
    pages = wandb.Artifact(f"report-{logger.name}", "report")
    for name, text in (("report.html", page(report)), ("report.txt", repr(report))):
        with pages.new_file(name, encoding="utf-8") as stream:
            stream.write(text)
    run.log_artifact(pages)
