from dataclasses import replace

import numpy as np
import pytest
import torch

from dl.runs.manifest import MetricInfo
from dl.specs import TaskSpec
from dl.tasks.plugin import OWN
from dl.tasks.rows import MULTICLASS, REGRESSION
from dl.tasks.task import Metric
from dl.testing import DoesNotConform, check_task
from dl.testing.task import RULES


def spec(row, **changes):
    return TaskSpec(row.name, "of a test", lambda: replace(row, **changes), "classes" if row.has_classes else "numbers")


@pytest.mark.parametrize("name", OWN)
def test_each_row_of_dls_own_conforms(name, dl_plugins):
    results = check_task(dl_plugins.task(name), dl_plugins)
    assert [one.rule for one in results] == list(RULES) and not any(one.state == "failed" for one in results)


BROKEN = {
    "it loads a row": [TaskSpec("mine", "of a test", lambda: 7), TaskSpec("mine", "of a test", lambda: REGRESSION)],
    "it has a description, and a way to read a table's target": [replace(spec(REGRESSION), description=" ")],
    "there is a target that fits it": [spec(REGRESSION, fits=lambda target: False)],
    "its metrics can be columns of the history": [
        spec(REGRESSION, metrics=REGRESSION.metrics[:1] * 2),
        spec(REGRESSION, metrics=(Metric(MetricInfo("mae!", False, 0.0, "mean"), REGRESSION.metrics[0].compute),)),
        spec(REGRESSION, metrics=(Metric(MetricInfo("mae", False, 0.0, "odd"), REGRESSION.metrics[0].compute),)),
    ],
    "decode undoes encode": [spec(REGRESSION, decode=lambda encoded, info: encoded + 1)],
    "it has a loss per example, and their mean": [
        spec(REGRESSION, loss=lambda logits, target, reduction: (logits - target).square().mean()),
        spec(REGRESSION, loss=lambda logits, target, reduction: (logits - target).square().squeeze(1)),
    ],
    "its gradient is finite": [
        spec(MULTICLASS, loss=lambda logits, target, reduction: MULTICLASS.loss(logits.exp().exp(), target, reduction))
    ],
    "the best logits have less loss than zeros": [
        spec(REGRESSION, loss=lambda logits, target, reduction: 0 * REGRESSION.loss(logits, target, reduction))
    ],
    "scores are shares or errors": [spec(REGRESSION, score=lambda preds, target: -REGRESSION.score(preds, target))],
    "scores, headline and loss agree on what is better": [
        spec(MULTICLASS, score_higher=False),
        spec(REGRESSION, metrics=(Metric(MetricInfo("mae", True, 1.0, "mean"), REGRESSION.metrics[0].compute),)),
    ],
    "its interval belongs to its headline": [
        spec(MULTICLASS, score=lambda preds, target: (preds.argmax(dim=1) == target).float() / 2),
        spec(REGRESSION, metrics=REGRESSION.metrics[2:]),
    ],
    "it answers in words": [
        spec(REGRESSION, answer=lambda answer, names: ""),
        spec(MULTICLASS, predicted=lambda preds: preds.argmin(dim=1)),
    ],
    "margins of right predictions are above 0": [
        spec(MULTICLASS, margin=None),
        spec(MULTICLASS, margin=lambda logits, target: torch.zeros(len(logits))),
    ],
    "its baselines can be beaten": [spec(REGRESSION, baselines=lambda *_: ())],
}


@pytest.mark.parametrize(("rule", "broken"), [(rule, one) for rule, several in BROKEN.items() for one in several])
def test_a_row_that_does_not_hold_is_named_by_its_rule(rule, broken, dl_plugins):
    with pytest.raises(DoesNotConform) as error:
        check_task(broken, dl_plugins)
    assert rule in [one.rule for one in error.value.results if one.state == "failed"]


def test_a_row_is_asked_on_the_target_that_is_given(dl_plugins):
    twos = spec(MULTICLASS, fits=lambda target: target.max() == 7)
    results = check_task(twos, dl_plugins, np.arange(80) % 8)
    assert not any(one.state == "failed" for one in results)
