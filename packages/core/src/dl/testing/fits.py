"""Known fits, trained once per process: the runs on which checks, sections and loggers are tested."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import dl
from dl.data.examples import Dataset
from dl.plugins.registry import Plugins
from dl.plugins.validation import KINDS
from dl.runs.run import Run
from dl.specs import LoggerSpec, TaskSpec
from dl.tasks.plugin import OWN
from dl.testing.numbers import DOMAIN, NumbersPlugin, clouds, random_answers, slopes
from dl.training.devices import Devices


@dataclass(frozen=True)
class KnownFit:
    """Data, model and options of a fit that takes a moment."""

    data: Dataset
    model: str
    options: Mapping[str, int | float]
    task: TaskSpec | None = None  # None lets the target decide


FITS: dict[str, Callable[[], KnownFit]] = {
    "overfits": lambda: KnownFit(random_answers(120), "dense", {"epochs": 20, "width": 256, "lr": 0.01}),
    "is clean": lambda: KnownFit(clouds(200), "linear", {"epochs": 8}),
    "is short": lambda: KnownFit(clouds(12), "linear", {"epochs": 1}),
    "is a regression": lambda: KnownFit(slopes(120), "dense", {"epochs": 6, "lr": 0.01}),
}


@lru_cache
def kept_runs() -> dict[str, Run]:
    """Return the runs of the known fits, trained once per process."""
    folder = Path(tempfile.mkdtemp(prefix="dl-fits-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {name: fitted(make(), folder) for name, make in FITS.items()}


def fitted(fit: KnownFit, folder: Path, logger: LoggerSpec | None = None) -> Run:
    """Fit on one CPU, with only the domain of numbers registered, and with a logger at its default options if given."""
    ours = NumbersPlugin({"given": fit.data})
    nothing: dict[str, Any] = {kind.field: {} for kind in KINDS}  # Any: as Plugins says
    plugins = replace(
        Plugins(**nothing),
        domains={DOMAIN: ours.register_domains()[0]},
        datasets={(DOMAIN, "given"): ours.register_datasets()[0]},
        models={(DOMAIN, spec.name): spec for spec in ours.register_models()},
        recipes={(DOMAIN, "plain"): ours.register_recipes()[0]},
        tasks={**OWN, **({fit.task.name: fit.task} if fit.task else {})},
        loggers={logger.name: logger} if logger else {},
    )
    options: dict[str, Any] = dict(fit.options)  # Any: `fit` checks them
    devices = Devices("cpu", "1")
    loggers: dict[str, object] = {name: {} for name in plugins.loggers}
    task = fit.task.name if fit.task else ""
    where: dict[str, Any] = {
        "plugins": plugins,
        "runs": folder,
        "devices": devices,
        "loggers": loggers,
    }  # Any: of a fit
    return dl.fit(DOMAIN, "given", model=fit.model, task=task, **where, **options)


def content(folder: Path) -> dict[str, str]:
    """Hash every file below a folder, by relative path."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}
