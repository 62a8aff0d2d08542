"""Store a fitted learner in a run, and load it without executing anything that the file asks for.

A file is that of skops: arrays, plain values and the names of types. Only types of scikit-learn, numpy and scipy that
skops trusts, those listed here, and those that the learner's plugin names are ever built.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from dl import sealed
from dl.errors import BadRun, DamagedRun, PluginFailed
from dl.learner import Learner
from dl.learners.fitted import FittedLearner

TRUSTED = ("numpy.dtype", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor")


def save_learner(path: Path, fitted: FittedLearner) -> None:
    """Write a fitted learner.

    Raises:
        PluginFailed: If it holds what cannot be loaded again.
    """
    from skops import io

    content = io.dumps({"learnt": fitted.learnt, "estimators": list(fitted.estimators)})
    if foreign := _foreign(content, fitted.learner):
        raise PluginFailed(f"the learner {fitted.learner.answer!r} holds {foreign}; name them in Learner.trusted")
    sealed.write(path, content)


def load_learner(path: Path, learner: Learner) -> FittedLearner:
    """Read a fitted learner.

    Raises:
        BadRun: If the file is missing or damaged, or holds types that are not trusted.
    """
    from skops import io

    try:
        content = sealed.read(path)
        foreign = _foreign(content, learner)
        if foreign:
            raise BadRun(f"{path} holds types that are not trusted, and is not loaded: {foreign}")
        stored: dict[str, Any] = io.loads(content, trusted=[*TRUSTED, *learner.trusted])  # Any: objects of scikit-learn
        return FittedLearner(learner, stored["learnt"], tuple(stored["estimators"]))
    except FileNotFoundError:
        raise DamagedRun(f"{path} is missing; the run is not complete") from None
    except BadRun:
        raise
    except Exception as error:  # of skops, of zipfile, or of another version of scikit-learn
        whole = zipfile.is_zipfile(path)
        why = f"is it of another version of scikit-learn?  {type(error).__name__} {error}" if whole else "it is damaged"
        raise BadRun(f"{path} cannot be read; {why}") from error


def _foreign(content: bytes, learner: Learner) -> str:
    """Return the names of the types in a file that are not trusted; empty if there is none."""
    from skops import io

    return ", ".join(sorted(set(io.get_untrusted_types(data=content)) - {*TRUSTED, *learner.trusted}))
