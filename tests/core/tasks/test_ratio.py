"""Scores of a ratio of sums, by hand."""

import pytest
import torch

from dl.tasks.ratio import linear_scores


def test_the_mean_of_the_scores_is_the_ratio_of_the_sums():
    scores = linear_scores(torch.tensor([1.0, 0.0, 5.0]), torch.tensor([2.0, 4.0, 6.0]))  # 6 of 12, sizes of 4
    assert scores.tolist() == pytest.approx([0.5, 0.0, 1.0]) and float(scores.mean()) == pytest.approx(0.5)


def test_an_example_of_the_usual_size_has_its_own_ratio_and_none_has_none():
    assert linear_scores(torch.tensor([1.0, 3.0]), torch.tensor([4.0, 4.0])).tolist() == [0.25, 0.75]
    assert len(linear_scores(torch.empty(0), torch.empty(0))) == 0
