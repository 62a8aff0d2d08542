from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from dl.data.examples import Examples, Subset
from dl.domain import Rule
from dl.learners.rules import score_rules
from dl.tasks.table import decide


@dataclass(frozen=True)
class Split:
    train: Subset
    val: Subset
    groups: dict


def test_a_rule_is_scored_on_each_validation_example_as_a_rival_is():
    inputs, targets = np.arange(8.0)[:, None], np.arange(8.0) * 1.5
    examples = Examples(inputs, targets, np.arange(8))
    splits = Split(Subset(examples, np.arange(6)), Subset(examples, np.array([6, 7])), {"val": None})
    same = Rule("same", "the input", lambda subset: subset.examples.array[subset.index][:, 0])
    domain = SimpleNamespace(rules=lambda train, options: [same] if options["on"] else [])
    task, recipe = decide(splits.train.targets, ()), SimpleNamespace(data_options={"on": True})
    (found,) = score_rules(domain, recipe, task, splits)
    assert found.scores.tolist() == pytest.approx([3, 3.5]) and found.baseline.score == pytest.approx(3.25)
    assert found.baseline.rival and not found.baseline.train and found.baseline.answer == "the input"
    assert score_rules(domain, SimpleNamespace(data_options={"on": False}), task, splits) == []
