"""Score the rules of a domain: answers that follow from each input without a fit, which a network has to beat.

Letters: ``m`` validation examples, ``D`` values.
"""

from __future__ import annotations

import numpy as np
import torch

from dl.domain import Domain
from dl.learners.fit_rivals import RivalScore, score_preds
from dl.recipes.recipe import Recipe
from dl.runs.manifest import Baseline
from dl.splits.partition import DataSplits
from dl.tasks.task import Task


def score_rules(domain: Domain, recipe: Recipe, task: Task, splits: DataSplits) -> list[RivalScore]:
    """Score the rules of a domain on the validation set, example by example; none where the answers are no numbers.

    Args:
        domain: Of the inputs.
        recipe: With the options of reading.
        task: Of the fit.
        splits: Training and validation set.
    """
    found = []
    for rule in domain.rules(splits.train, recipe.data_options) if task.row.learner == "regressor" else ():
        answers = np.asarray(rule.answers(splits.val), np.float64)  # (m, D)
        preds = torch.from_numpy(answers.reshape(len(answers), -1))
        blank = Baseline(rule.name, rule.answer, 0.0, rival=True)
        found.append(score_preds(blank, task, preds, splits.val, splits.groups["val"]))
    return found
