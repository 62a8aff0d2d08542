"""dl: the universal workflow of deep learning - train a network, and be told whether it overfits.

    run = dl.fit("vision", "mnist")
    print(dl.test(run))

Importing dl does not import torch; the functions do when they are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl

if TYPE_CHECKING:
    from dl.inference.evaluate import test
    from dl.inference.predict import predict
    from dl.runs.run import Run, open_run
    from dl.training.run_fit import fit

__all__ = ["Run", "fit", "hookimpl", "open_run", "predict", "test"]
__version__ = "0.1.0"

_HOMES = {
    "fit": "dl.training.run_fit",
    "test": "dl.inference.evaluate",
    "predict": "dl.inference.predict",
    "Run": "dl.runs.run",
    "open_run": "dl.runs.run",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'dl' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
