"""Evaluate a run on the test set: open it, score the best weights once, and record that in `dl.runs.ledger`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from dl.data.examples import Dataset, Examples, Fingerprints, Index, Subset, fingerprints, subset_fingerprint, whole
from dl.data.queries import rank_examples
from dl.domain import comparable
from dl.errors import BadData, BadOption, BadRun
from dl.inference.load import reopen
from dl.inference.loaded import LoadedRun
from dl.plugins.at_hand import InMemory, read_labelled
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.runs.estimates import estimate
from dl.runs.ledger import LEDGER, TestEvaluation, evaluations_of, read_ledger, record_evaluation
from dl.runs.report import Which, find_run
from dl.runs.run import Run
from dl.runs.seen import SEEN, read_fingerprints, refuse_changed
from dl.runs.thresholds import score_thresholds
from dl.specs import IN_MEMORY
from dl.splits.copies import only_copies
from dl.splits.leakage import found_in
from dl.splits.partition import group_examples, split_data
from dl.tables.options import is_table
from dl.training.attribution import attribute_errors
from dl.training.read_new import Reader, reload_dataset
from dl.training.scoring import score
from dl.words import many

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model


def evaluate(
    run: Which = "last",
    *,
    data: object = None,
    target: object = None,
    model: Model | None = None,
    again: bool = True,
    runs: str | Path = "runs",
    plugins: Plugins | None = None,
) -> TestEvaluation:
    """Evaluate a run's best weights on the test set, and record the evaluation in the ledger.

    Args:
        run: A run, its path, name or number, or ``last``.
        data: Examples to score instead of the data set's test set, as `dl.fit` takes them: ``(inputs, targets)``, a
            frame, a data set.
        target: Their targets, or the names of the target columns, as `dl.fit` takes them.
        model: The network, if the fit used one in memory and ``run`` no longer holds it.
        again: Whether a test set that any run of the folder was evaluated on may be looked at once more.
        runs: Folder of run folders, unless ``run`` is a path.
        plugins: The registered plugins; None loads the installed ones.

    Raises:
        BadData: If the data set has no test set, or the examples do not fit the run.
        BadOption: If the test set was looked at before, and ``again`` is False.
        BadRun: If the run cannot be opened.

    Example:
        >>> print(dl.evaluate(run).score)
        >>> dl.evaluate(run, data=(inputs, targets)).metrics
        >>> dl.evaluate("last", data=frame, target="price")
    """
    plugins = plugins or load_plugins()
    run = find_run(run, runs)
    opened = reopen(run, plugins, model)
    given = InMemory.of(data, target) if data is not None else None
    with attribute_errors(opened.recipe, plugins):
        return _evaluate(run, opened, plugins, given, again=again)


def _evaluate(
    run: Run, opened: LoadedRun, plugins: Plugins, given: tuple[InMemory, str] | None, *, again: bool
) -> TestEvaluation:
    own_test = run.at_hand.test if run.at_hand else None
    if given is None and own_test is not None:
        given = own_test, ""
    if "data" in run.manifest.in_memory:
        examples, known, name = _given_examples(opened, given), _seen(run), IN_MEMORY
    else:
        dataset = reload_dataset(reader_of(opened, plugins))
        open_test = None if given else _need_test_set(run, opened, dataset, plugins)
        known = hashes_of_seen(opened, dataset, plugins)
        examples = open_test() if open_test else _given_examples(opened, given)
        name = dataset.name if open_test else IN_MEMORY
    earlier = evaluations_of(subset_fingerprint(whole(examples)), read_ledger(run.root / LEDGER))
    if earlier and not again:
        _refuse_look(run, earlier)
    return evaluate_examples(opened, examples, name, known)


def reader_of(opened: LoadedRun, plugins: Plugins) -> Reader:
    """Return what reads other data as a run read its own, and its own again."""
    known = (opened.domain, opened.preprocessor, opened.task.info)
    return Reader(opened.run.name, opened.recipe, *known, plugins)


def evaluate_examples(opened: LoadedRun, examples: Examples, name: str, known: Fingerprints) -> TestEvaluation:
    """Score examples with a run, and record that in the ledger.

    Args:
        opened: The run.
        examples: With targets in the numbers of its task.
        name: Of their data set.
        known: Hashes of the examples that the run has seen.
    """
    run = opened.run
    fingerprint, ledger = subset_fingerprint(whole(examples)), run.root / LEDGER
    keys = _hashes(examples, np.arange(len(examples)), opened)
    groups = group_examples(examples, opened.recipe)
    logits, target = opened.logits(examples), opened.task.encode(examples.targets)
    scored = score(opened.task, logits, target)
    result = TestEvaluation(
        run=ledger_name(run),
        data=name,
        examples=len(examples),
        info=opened.task.info.headline,
        score=estimate(opened.task.info, scored, examples.targets, groups),
        metrics=opened.task.metrics(logits, target),
        loss=float(scored.loss.mean()),
        look=1 + len(evaluations_of(fingerprint, read_ledger(ledger))),
        fingerprint=fingerprint,
        in_training=int(np.count_nonzero(found_in(keys, known))),  # bit for bit
        groups=len(groups) if groups is not None else 0,
        decided=score_thresholds(opened.task.info, logits.numpy(), examples.targets, groups),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    record_evaluation(ledger, result)
    return result


def ledger_name(run: Run) -> str:
    """Return the name of a run in the ledger: a trial names its study, another inner run its folders."""
    inner = run.root != run.path.parent
    if inner and run.manifest.name != run.name:
        return run.manifest.name
    return run.path.relative_to(run.root).as_posix() if inner else run.name


def _refuse_look(run: Run, earlier: Sequence[Mapping[str, Any]]) -> NoReturn:  # Any: JSON
    """Refuse a further look at a test set.

    Raises:
        BadOption: With the number of looks, and the last of them.
    """
    last, name = earlier[-1], run.name
    when = str(last.get("time", ""))[:10]
    raise BadOption(
        f"this test set was evaluated {many(len(earlier), 'time')}, last on {when} by {last.get('run')}; each further "
        f"look makes the score less reliable  look all the same: dl test {name} --again"
    )


def _given_examples(opened: LoadedRun, given: tuple[InMemory, str] | None) -> Examples:
    """Convert examples in memory.

    Raises:
        BadRun: If there are none.
    """
    if given is None:
        example = f"dl.evaluate({opened.run.name!r}, data=(x, y))"
        raise BadRun(f"{opened.run.name} was fitted on data in memory; give the examples to score: {example}")
    data, named = given
    options = {**opened.recipe.data_options, **({"target": named} if named else {})}
    info, domain = opened.task.info, opened.domain
    found = read_labelled(
        domain,
        opened.recipe.domain,
        data,
        options,
        opened.preprocessor,
        info.names,
        classes=opened.task.row.has_classes,
    )
    return rank_examples(found) if info.by_query else found


def _need_test_set(run: Run, opened: LoadedRun, dataset: Dataset, plugins: Plugins) -> Callable[[], Examples]:
    if dataset.open_test is None:
        named = (opened.recipe.domain, opened.recipe.data) in plugins.datasets
        raise BadData(f"{dataset.name} has no test set; {_instead(None if named else Path(opened.recipe.data), run)}")
    return dataset.open_test


def hashes_of_seen(opened: LoadedRun, dataset: Dataset, plugins: Plugins) -> Fingerprints:
    """Return the hashes of the training and validation set of a run.

    Args:
        opened: The run.
        dataset: Its data, read again.
        plugins: The registered plugins.

    Raises:
        BadRun: If the data has changed since the fit.
    """
    run = opened.run
    if run.manifest.protocol:  # every example was learnt from by some fold
        held = whole(dataset.train)
        subsets = [only_copies(held)]
    else:
        splits = split_data(dataset, opened.recipe, plugins)
        held, subsets = splits.val, [only_copies(one) for one in (splits.train, splits.val)]
    refuse_changed(run, dataset.name, held)
    return np.concatenate([_hashes(subset.examples, subset.index, opened) for subset in subsets])


def _hashes(examples: Examples, index: Index, opened: LoadedRun) -> Fingerprints:
    return fingerprints(Subset(comparable(examples, opened.preprocessor), index))


def _seen(run: Run) -> Fingerprints:
    """Return the hashes of the training and validation set that a run on data in memory has kept.

    Raises:
        BadRun: If they are missing or damaged.
    """
    return read_fingerprints(run.path / SEEN)


def _instead(path: Path | None, run: Run) -> str:
    """Return advice for data without a test set.

    Args:
        path: Of the user's own data; None for a named data set.
        run: The run to evaluate.
    """
    if path is None:
        return f"its plugin has none; the validation score is in: dl report {run.name}"
    if is_table(path):
        return f"a table has none; keep rows in another file, and compare its predictions: dl predict {run.name} FILE"
    if not path.is_dir():
        return "a single file has none; make a folder with the folders train and test, and fit that"
    if any(entry.is_dir() and entry.name.lower() == "train" for entry in path.iterdir()):
        return "put a folder named test beside train, with examples that no fit has seen"
    return "make the folders train and test in it, move its content into train, add new examples to test, and fit again"
