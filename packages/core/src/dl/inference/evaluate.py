"""Evaluate a run on the test part: open it, score the best weights once, and note it in `dl.runs.ledger`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from dl.data.examples import fingerprints, subset_fingerprint, whole
from dl.errors import BadData, BadRun
from dl.inference.load import LoadedRun, reopen
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.runs.estimates import estimate
from dl.runs.ledger import LEDGER, TestEvaluation, evaluations_of, read_ledger, record_evaluation
from dl.runs.run import Run, open_run
from dl.splits.leakage import found_in
from dl.splits.partition import load_dataset, split_data
from dl.tables.options import is_table
from dl.training.attribution import attribute_errors
from dl.training.scoring import score


def evaluate(
    run: Run | str | Path = "last", *, runs: str | Path = "runs", plugins: Plugins | None = None
) -> TestEvaluation:
    """Open the test part of a run's data set, score the run on it, and note the look in the ledger.

    Args:
        run: A run, its path, name or number, or ``last``.
        runs: Folder of run folders, where ``run`` is not itself a path.
        plugins: What is registered; None loads what is installed.

    Raises:
        BadData: If the data set has no test part.
        BadRun: If the run cannot be opened.
    """
    plugins = plugins or load_plugins()
    run = run if isinstance(run, Run) else open_run(run, Path(runs))
    opened = reopen(run, plugins)
    with attribute_errors(opened.recipe, plugins):
        return _look(run, opened, plugins)


def _look(run: Run, opened: LoadedRun, plugins: Plugins) -> TestEvaluation:
    dataset = load_dataset(opened.recipe, plugins, opened.domain)
    if dataset.open_test is None:
        named = (opened.recipe.domain, opened.recipe.data) in plugins.datasets
        raise BadData(f"{dataset.name} has no test part; {_instead(None if named else Path(opened.recipe.data), run)}")
    divided = split_data(dataset, opened.recipe, plugins)
    if subset_fingerprint(divided.val) != run.manifest.parts.val_fingerprint:
        raise BadRun(f"{dataset.name} has changed since {run.name}: its validation part is not the same any more")
    examples = dataset.open_test()
    logits, target = opened.logits(examples), opened.task.encode(examples.targets)
    scored = score(opened.task, logits, target)
    known = np.concatenate([fingerprints(divided.train), fingerprints(divided.val)])
    fingerprint = subset_fingerprint(whole(examples))
    ledger = run.path.parent / LEDGER
    result = TestEvaluation(
        run=run.name,
        data=dataset.name,
        examples=len(examples),
        info=opened.task.info.headline,
        score=estimate(opened.task.info, scored, examples.targets),
        metrics=opened.task.metrics(logits, target),
        loss=float(scored.loss.mean()),
        look=1 + len(evaluations_of(fingerprint, read_ledger(ledger))),
        fingerprint=fingerprint,
        in_training=int(np.count_nonzero(found_in(fingerprints(whole(examples)), known))),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    record_evaluation(ledger, result)
    return result


def _instead(path: Path | None, run: Run) -> str:
    """Return what can be done where there is no test part.

    Args:
        path: Of the user's own data; None for a named data set.
        run: Which was to be tested.
    """
    if path is None:
        return f"its plugin brings none; what is known is the validation score: dl report {run.name}"
    if is_table(path):
        return f"a table has none; keep rows apart in another file, and compare the answers: dl predict {run.name} FILE"
    if not path.is_dir():
        return "a single file has none; make a folder with folders train and test in it, and fit that"
    if any(entry.is_dir() and entry.name.lower() == "train" for entry in path.iterdir()):
        return "put a folder named test beside train, with examples that no fit has seen"
    return "make folders train and test in it, move what is there into train, put others into test, and fit again"
