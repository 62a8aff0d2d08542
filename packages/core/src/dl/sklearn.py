"""A classifier and a regressor for scikit-learn: for grids, pipelines and cross-validation.

    from dl.sklearn import Classifier
    cross_val_score(Classifier(epochs=20), X, y)

Each fit is a run in a temporary folder. The estimator keeps the files of the run in memory, so that it can be copied
and pickled.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d, validate_data

from dl import files, regular, sealed
from dl.errors import BadData
from dl.inference.load import reopen
from dl.inference.module import LoadedNetwork
from dl.plugins.at_hand import AtHand
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.runs.run import LEARNER, PREPROCESSOR, WEIGHTS, Run
from dl.training.devices import Devices
from dl.training.run_fit import fit as fit_run

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model

KEPT = ("run.json", "recipe.toml", PREPROCESSOR, WEIGHTS, LEARNER)  # of a run's folder
SMALL = {"batch_size": 32, "lr": 0.01}  # suits small tables
Numbers = NDArray[Any]  # Any: of any number type


class _Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """The parameters and the fit of classifier and regressor.

    Args:
        model: Name of a model, a network, or a function from input shape and outputs to one; empty takes the recipe's.
        recipe: Name of a recipe, or path of a recipe file; empty takes the domain's default.
        epochs: Passes over the training set.
        seed: Of every random draw.
        reg: Regularizers by name, as for `dl.fit`.
        options: Further choices by name, as ``{"width": 64, "val": 0.1}``.
        domain: The domain that reads the rows.
        accelerator: Where to train: ``cpu``, ``gpu``, ``auto``.
    """

    def __init__(
        self,
        *,
        model: str | Model = "",
        recipe: str = "",
        epochs: int = 30,
        seed: int = 0,
        reg: Mapping[str, object] | None = None,
        options: Mapping[str, object] | None = None,
        domain: str = "tabular",
        accelerator: str = "cpu",
    ) -> None:
        self.model = model
        self.recipe = recipe
        self.epochs = epochs
        self.seed = seed
        self.reg = reg
        self.options = options
        self.domain = domain
        self.accelerator = accelerator

    def _fit_run(self, X: Numbers, y: Numbers, task: str) -> None:  # noqa: N803 - scikit-learn's name
        """Train, and keep the files of the run.

        Raises:
            ValueError: In place of `BadData`, as scikit-learn expects.
        """
        plugins = load_plugins()
        learner = isinstance(self.model, str) and self.model and plugins.model(self.domain, self.model).is_learner
        trained: dict[str, Any] = {} if learner else {**SMALL, "epochs": self.epochs}  # Any: checked by dl.fit
        options = {**trained, **(self.options or {})}
        with tempfile.TemporaryDirectory(prefix="dl-") as folder:
            try:
                run = fit_run(
                    self.domain,
                    (X, y),
                    model=self.model,
                    recipe=self.recipe,
                    task=task,
                    seed=self.seed,
                    devices=Devices(self.accelerator, "1"),
                    runs=folder,
                    plugins=plugins,
                    reg=self.reg,
                    rivals=False,
                    **options,
                )
            except BadData as error:
                raise ValueError(str(error)) from error
            kept = [sealed.place(run.path / name) for name in KEPT]
            self.run_files_ = {path.name: regular.read_bytes(path) for path in kept if path.exists()}
            self.run_files_ |= {path.name: regular.read_bytes(path) for path in run.path.glob("*.py")}  # a model file
        self._network = self._opened(plugins)

    def _checked(self, X: Any, y: Any, **checks: object) -> tuple[Any, Numbers]:  # Any: rows  # noqa: N803
        """Return rows and target as scikit-learn validates them."""
        if not _holds_words(X):
            rows, target = validate_data(self, X, y, dtype=np.float64, **checks)
            return rows, target
        check_consistent_length(X, y)
        return self._rows(X, reset=True), np.asarray(y) if checks else column_or_1d(y, warn=True)

    def _rows(self, X: Any, *, reset: bool, **checks: object) -> Any:  # Any: rows  # noqa: N803
        """Return validated rows: numbers (N, columns), or a frame with words unchanged."""
        if _holds_words(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        return validate_data(self, X, reset=reset, dtype=np.float64, **checks)

    def _opened(self, plugins: Plugins) -> LoadedNetwork:
        """Load the kept run in double precision, so that a prediction does not depend on the rest of its batch."""
        with tempfile.TemporaryDirectory(prefix="dl-") as folder:
            for name, content in self.run_files_.items():
                files.write_bytes(Path(folder) / name, content)
            model = None if isinstance(self.model, str) else self.model
            loaded = reopen(Run(Path(folder), AtHand(model=model)), plugins)
        return LoadedNetwork(loaded).cpu().double()

    def _fitted(self) -> LoadedNetwork:
        """Return the network of the kept run, loaded once."""
        check_is_fitted(self, "run_files_")
        if not hasattr(self, "_network"):
            self._network = self._opened(load_plugins())
        return self._network

    def _outputs(self, X: object) -> Numbers:  # noqa: N803
        """Return probabilities (N, C) or values (N, D) for rows."""
        network = self._fitted()
        outputs: Numbers = network(self._rows(X, reset=False)).numpy().astype(np.float64)
        return outputs

    def notes(self, X: object) -> list[tuple[str, ...]]:  # noqa: N803
        """Return for each row what it holds that the training set lacks, in words: a number far outside, a category."""
        return self._fitted().notes(self._rows(X, reset=False))

    def __getstate__(self) -> dict[str, Any]:  # Any: parameters and fitted attributes
        return {name: value for name, value in super().__getstate__().items() if name != "_network"}


def _holds_words(rows: object) -> bool:
    """Return whether rows are a frame with a column of words, which dl reads, not scikit-learn."""
    kinds = [getattr(kind, "kind", "O") for kind in getattr(rows, "dtypes", ())]
    return hasattr(rows, "iloc") and any(kind not in "biuf" for kind in kinds)


class Classifier(ClassifierMixin, _Estimator):  # type: ignore[misc]  # as above
    """A network for classification, as an estimator of scikit-learn.

    Example:
        >>> Classifier(epochs=20).fit(X, y).predict(X)
        >>> cross_val_score(Classifier(model="linear"), X, y)
        >>> GridSearchCV(Classifier(), {"options": [{"width": 32}, {"width": 128}]}).fit(X, y)
    """

    def fit(self, X: object, y: object) -> Classifier:  # noqa: N803
        """Train on rows (N, columns) and classes (N,).

        Raises:
            ValueError: If rows and classes do not match, or there is only one class.
        """
        rows, y = self._checked(X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"Classifier needs 2 classes; the data holds one class, {self.classes_[0]}")
        self._fit_run(rows, codes, "")
        return self

    def predict_proba(self, X: object) -> Numbers:  # noqa: N803
        """Return the probability of each class, (N, C), in the order of ``classes_``."""
        outputs = self._outputs(X)
        return np.stack([1 - outputs, outputs], axis=1) if outputs.ndim == 1 else outputs

    def predict(self, X: object) -> Numbers:  # noqa: N803
        """Return the class of each row, (N,): the most probable one, or of two by the threshold of the fit."""
        best = self._fitted().answers(self._rows(X, reset=False)).numpy()
        classes: Numbers = self.classes_[best]
        return classes


class Regressor(RegressorMixin, _Estimator):  # type: ignore[misc]  # as above
    """A network for regression, as an estimator of scikit-learn.

    Example:
        >>> Regressor(epochs=20).fit(X, y).predict(X)
        >>> cross_val_score(Regressor(model="linear"), X, y)
        >>> make_pipeline(StandardScaler(), Regressor(reg={"l2": 1e-4})).fit(X, y)
    """

    def __sklearn_tags__(self) -> Any:  # Any: scikit-learn has no types
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: object, y: object) -> Regressor:  # noqa: N803
        """Train on rows (N, columns) and numbers, (N,) or (N, D).

        Raises:
            ValueError: If rows and numbers do not match, or all numbers are equal.
        """
        rows, y = self._checked(X, y, multi_output=True, y_numeric=True, ensure_min_samples=2)
        self._shape = y.shape[1:]
        self._fit_run(rows, y.astype(np.float64), "regression")
        return self

    def predict(self, X: object) -> Numbers:  # noqa: N803
        """Return the predicted numbers, (N,) or (N, D) as in `fit`."""
        outputs = self._outputs(X)
        return outputs.reshape(len(outputs), *self._shape)
