"""Gradient boosting of xgboost, where that is installed: a model, and a rung of ``dl baseline``.

It stands beside no fit unasked: histogram boosting, which does, answers much alike.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import Any

from dl.data.examples import Subset
from dl.errors import BadOption
from dl.learner import Learner
from dl.options import Options
from dl.version import PROJECT
from dl_tabular.learners import MOST, ordinal, prepare_ordinal

BOOSTER = "xgboost.core.Booster"


def xgboost_classifier(options: Options) -> Learner:
    """Return boosting of classes by xgboost."""
    return _learner(options, "XGBClassifier")


def xgboost_regressor(options: Options) -> Learner:
    """Return boosting of numbers by xgboost."""
    return _learner(options, "XGBRegressor")


def _learner(options: Options, kind: str) -> Learner:
    trusted = (BOOSTER, f"xgboost.sklearn.{kind}")
    build = partial(_build, options, kind)
    return Learner(
        "xgboost", build, prepare_ordinal, ordinal, MOST, quick=0, by_class=True, trusted=trusted, reads=_is_installed
    )


def _build(options: Options, kind: str) -> Any:  # Any: as scikit-learn, xgboost has types for users of its own alone
    """Build an estimator of xgboost, unfitted, on one thread, so that its trees do not depend on their number.

    Raises:
        BadOption: If xgboost is not installed.
    """
    try:
        import xgboost
    except ImportError:
        raise BadOption(
            f"--model xgboost: xgboost is not installed  try: pip install '{PROJECT}-tabular[xgboost]'"
        ) from None
    return getattr(xgboost, kind)(
        n_estimators=options["iterations"],
        learning_rate=options["rate"],
        max_depth=options["depth"],
        subsample=options["rows"],
        colsample_bytree=options["columns"],
        tree_method="hist",
        random_state=0,
        n_jobs=1,
    )


def _is_installed(subset: Subset) -> bool:
    return find_spec("xgboost") is not None
