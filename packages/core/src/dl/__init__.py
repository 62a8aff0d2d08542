"""dl: the universal workflow of deep learning - train a network, and test whether it overfits.

    run = dl.fit("vision", "mnist")
    print(dl.report(run))
    print(dl.evaluate(run).score)

Importing dl imports the standard library alone; everything else is imported when it is used.
"""

from __future__ import annotations

from dl.version import VERSION

TYPE_CHECKING = False  # importing typing for it would take longer than all the rest

if TYPE_CHECKING:
    from dl.capacity.curve import curve
    from dl.capacity.overfit import overfit
    from dl.cross_validation.cross_validate import cv
    from dl.errors import (
        BadData,
        BadDevices,
        BadFile,
        BadNetwork,
        BadOption,
        BadRecipe,
        BadRun,
        CannotWrite,
        DamagedRun,
        DifferentSizes,
        DLError,
        InstallFailed,
        NoAccess,
        PluginFailed,
        ProcessLost,
        TrainingFailed,
        UnknownName,
    )
    from dl.exporting.export import export
    from dl.finding import Finding
    from dl.hookspecs import hookimpl
    from dl.inference.evaluate import evaluate
    from dl.inference.module import load
    from dl.inference.predict import Prediction, predict
    from dl.inspection.check import check
    from dl.inspection.map_examples import map_examples
    from dl.rivals.baseline import baseline
    from dl.runs.report import compare, report
    from dl.runs.run import Run, open_run
    from dl.stages.workflow import workflow
    from dl.training.devices import Devices
    from dl.training.resume_fit import resume
    from dl.training.run_fit import fit
    from dl.tuning.study import Study
    from dl.tuning.tune import tune

__all__ = [
    "BadData",
    "BadDevices",
    "BadFile",
    "BadNetwork",
    "BadOption",
    "BadRecipe",
    "BadRun",
    "CannotWrite",
    "DLError",
    "DamagedRun",
    "Devices",
    "DifferentSizes",
    "Finding",
    "InstallFailed",
    "NoAccess",
    "PluginFailed",
    "Prediction",
    "ProcessLost",
    "Run",
    "Study",
    "TrainingFailed",
    "UnknownName",
    "baseline",
    "check",
    "compare",
    "curve",
    "cv",
    "evaluate",
    "export",
    "fit",
    "hookimpl",
    "load",
    "map_examples",
    "open_run",
    "overfit",
    "predict",
    "report",
    "resume",
    "tune",
    "workflow",
]
__version__ = VERSION

_ERRORS = (
    "BadData",
    "BadDevices",
    "BadFile",
    "BadNetwork",
    "BadOption",
    "BadRecipe",
    "BadRun",
    "CannotWrite",
    "DamagedRun",
    "DLError",
    "DifferentSizes",
    "InstallFailed",
    "NoAccess",
    "PluginFailed",
    "ProcessLost",
    "TrainingFailed",
    "UnknownName",
)
_HOMES = {
    **dict.fromkeys(_ERRORS, "dl.errors"),
    "Devices": "dl.training.devices",
    "Finding": "dl.finding",
    "Prediction": "dl.inference.predict",
    "Run": "dl.runs.run",
    "Study": "dl.tuning.study",
    "baseline": "dl.rivals.baseline",
    "check": "dl.inspection.check",
    "compare": "dl.runs.report",
    "curve": "dl.capacity.curve",
    "cv": "dl.cross_validation.cross_validate",
    "evaluate": "dl.inference.evaluate",
    "export": "dl.exporting.export",
    "fit": "dl.training.run_fit",
    "hookimpl": "dl.hookspecs",
    "load": "dl.inference.module",
    "map_examples": "dl.inspection.map_examples",
    "open_run": "dl.runs.run",
    "overfit": "dl.capacity.overfit",
    "predict": "dl.inference.predict",
    "report": "dl.runs.report",
    "resume": "dl.training.resume_fit",
    "tune": "dl.tuning.tune",
    "workflow": "dl.stages.workflow",
}
_MODULES = ("graph", "sklearn")  # not in __all__: `from dl import *` must not load scikit-learn


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"dl.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'dl' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, *_MODULES])
