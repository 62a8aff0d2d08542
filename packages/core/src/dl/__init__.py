"""dl: the universal workflow of deep learning - train a network, and be told whether it overfits.

    run = dl.fit("vision", "mnist")
    print(dl.evaluate(run))

Importing dl does not import torch; the functions do when they are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.version import VERSION

if TYPE_CHECKING:
    from dl.inference.evaluate import evaluate
    from dl.inference.predict import predict
    from dl.runs.run import Run, open_run
    from dl.training.run_fit import fit

__all__ = ["Run", "evaluate", "fit", "hookimpl", "open_run", "predict"]
__version__ = VERSION

_HOMES = {
    "fit": "dl.training.run_fit",
    "evaluate": "dl.inference.evaluate",
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
