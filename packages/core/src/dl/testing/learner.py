"""The conformance suite for models that are learners of scikit-learn: answers, seeds, saving.

Letters: ``n`` examples.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dl.data.examples import Dataset, Subset, with_targets
from dl.learner import Learner
from dl.learners.fitted import as_logits, fit_learner
from dl.learners.store import load_learner, save_learner
from dl.options import Options, check
from dl.plugins.registry import Plugins
from dl.recipes.recipe import OF_LEARNERS, SPLIT_OPTIONS
from dl.runs.run import LEARNER
from dl.specs import ModelSpec
from dl.tasks.table import decide
from dl.tasks.task import Task
from dl.testing.batch import sample_of
from dl.testing.light import lists_lightly
from dl.testing.rules import Broken, Rules, Skipped, options_hold, owner

MOST = 60  # examples
ALONE = 3  # of them are answered one by one
TOLERANCE = 1e-6
NEEDED = ("its domain is installed", "there is data of its domain", "it learns")


@dataclass(frozen=True)
class Kind:
    """What a learner is asked to tell of the same inputs: classes or numbers.

    Args:
        learner: With the options.
        task: Of the targets.
        train: The examples.
    """

    learner: Learner
    task: Task
    train: Subset

    def preds(self) -> Tensor:
        """Fit the learner, and answer its training set."""
        return fit_learner(self.learner, self.task, self.train).preds(self.task, self.train)


class LearnerSubject:
    """The learner under test.

    Args:
        spec: Its specification.
        plugins: The registered plugins.
        sample: Data of its domain; None takes dl's own or a registered data set.
    """

    def __init__(self, spec: ModelSpec, plugins: Plugins, sample: Dataset | None) -> None:
        self.spec, self.plugins, self.sample = spec, plugins, sample

    @cached_property
    def train(self) -> Subset:
        """Examples of its domain, with classes."""
        state = owner(self.plugins, "models", (self.spec.domain, self.spec.name))
        found = self.sample or sample_of(self.spec.domain, self.plugins, state.name if state else "")
        return Subset(found.train, np.arange(min(len(found.train), MOST)))

    def kinds(self, changed: Options | None = None) -> Iterator[Kind]:
        """Yield what it can tell, with some options replaced."""
        options = check(self.spec.options, {}, self.spec.name) | dict(changed or {})
        n = len(self.train.examples)
        numbers = with_targets(self.train.examples, np.random.default_rng(0).normal(size=n))
        for build, train in (
            (self.spec.classifier, self.train),
            (self.spec.regressor, Subset(numbers, self.train.index)),
        ):
            if build is not None:
                yield Kind(build(options), decide(train.targets, train.examples.names), train)


def _light(subject: LearnerSubject) -> None:
    lists_lightly(subject.plugins, "models", (subject.spec.domain, subject.spec.name))


def _domain(subject: LearnerSubject) -> None:
    subject.plugins.domain(subject.spec.domain)


def _data(subject: LearnerSubject) -> str:
    return f"{len(subject.train)} examples"


def _options(subject: LearnerSubject) -> None:
    options_hold(subject.spec.options)
    taken = {option.name for option in (*OF_LEARNERS, *SPLIT_OPTIONS)}
    taken |= {option.name for option in subject.plugins.domain(subject.spec.domain).options}
    if twice := taken & {option.name for option in subject.spec.options}:
        raise Broken(f"{', '.join(sorted(twice))} is also an option of training, of the split or of the domain")


def _learns(subject: LearnerSubject) -> str:
    for kind in subject.kinds():
        preds = kind.preds()
        logits = as_logits(kind.task, preds)
        wanted = (len(kind.train), kind.task.info.outputs)
        if tuple(logits.shape) != wanted or not torch.isfinite(logits).all():
            raise Broken(f"of {kind.task.row.name} its answers are {tuple(logits.shape)}, not {wanted} finite numbers")
    return ", ".join(kind.task.row.name for kind in subject.kinds())


def _choices(subject: LearnerSubject) -> None:
    choosable = [option for option in subject.spec.options if option.choices or isinstance(option.default, bool)]
    if not choosable:
        raise Skipped("it has no options with choices")
    for option in choosable:
        for choice in option.choices or (False, True):
            try:
                for kind in subject.kinds({option.name: choice}):
                    kind.preds()
            except Exception as error:
                raise Broken(f"{option.name}={choice} fails: {type(error).__name__}: {error}") from error


def _alone(subject: LearnerSubject) -> None:
    for kind in subject.kinds():
        fitted = fit_learner(kind.learner, kind.task, kind.train)
        together = fitted.preds(kind.task, kind.train)
        for row in range(ALONE):
            alone = fitted.preds(kind.task, Subset(kind.train.examples, kind.train.index[row : row + 1]))
            if not torch.allclose(alone, together[row : row + 1], rtol=TOLERANCE, atol=TOLERANCE):
                raise Broken("an example alone has another answer than among others")


def _seeded(subject: LearnerSubject) -> None:
    for kind in subject.kinds():
        if not torch.equal(kind.preds(), kind.preds()):
            raise Broken("fitted twice to the same examples, it answers differently; give the estimator a random_state")


def _saved(subject: LearnerSubject) -> None:
    for kind in subject.kinds():
        fitted = fit_learner(kind.learner, kind.task, kind.train)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / LEARNER
            save_learner(path, fitted)
            again = load_learner(path, kind.learner)
        if not torch.equal(again.preds(kind.task, kind.train), fitted.preds(kind.task, kind.train)):
            raise Broken("stored and loaded, it answers differently")


RULES: Rules[LearnerSubject] = {
    "listing it imports nothing heavy": _light,
    "its domain is installed": _domain,
    "there is data of its domain": _data,
    "its options can be used": _options,
    "it learns": _learns,
    "every choice of its options works": _choices,
    "an example has the same answer alone and among others": _alone,
    "the same examples give the same answers": _seeded,
    "it survives saving and loading": _saved,
}
