"""Strings from logits at every step: what a path spells, what it costs, and how far from a target it is."""

import math

import numpy as np
import pytest
import torch

from dl.data.examples import Examples, Subset
from dl.tasks import ctc
from dl.tasks.edits import END
from dl.tasks.table import decide

NAMES = ("a", "b", "c")
TARGET = np.array([[0, 1, END, END], [1, 1, 2, END]], np.int32)


def path(*classes, size=4):
    """Logits (1, T, K) of one path."""
    return 20.0 * torch.nn.functional.one_hot(torch.tensor([classes]), size).float()


def test_a_path_spells_its_classes_without_blanks_and_equal_neighbours():
    assert ctc.spelled(path(0, 2, 2, 0, 2, 3, 0)).tolist() == [[1, 1, 2, END, END, END, END, END]]
    assert ctc.spelled(path(0, 0)).tolist() == [[END, END, END]]


def test_uniform_steps_cost_what_all_paths_of_a_string_do():
    logits = torch.zeros(1, 3, 4)  # of 64 paths, aab, abb, ab-, a-b, -ab spell ab
    assert float(ctc.nats_a_character(logits, torch.tensor([[0, 1, END]]))) == pytest.approx(math.log(64 / 5) / 2)


def test_the_error_rate_is_all_edits_over_all_characters_and_scores_average_to_it():
    logits = torch.cat([path(1, 0, 2, 0, 0), path(2, 0, 3, 0, 3)])  # ab, and bcc for bbc
    target = torch.from_numpy(TARGET).long()
    assert float(ctc.character_error_rate(logits, target)) == pytest.approx(1 / 5)
    assert float(ctc.example_scores(logits, target).mean()) == pytest.approx(1 / 5)
    assert float(ctc.exact(logits, target)) == 0.5


def test_strings_are_recognized_named_and_written():
    task = decide(TARGET, NAMES, "ctc")
    assert (task.info.reason, task.info.outputs) == ("strings of up to 3 of 3 characters", 4)
    assert task.in_words(torch.tensor([1, 1, 2, END])) == "bbc"
    assert decide(TARGET, ("one", "two", "three")).in_words(torch.tensor([1, 0, END])) == "two one"
    assert not ctc.are_strings(np.array([[0, 1], [1, 1]]))


def test_the_baselines_are_the_most_common_string_and_the_best_constant():
    train = np.array([[0, 1, END], [0, 1, END], [2, END, END]], np.int32)
    task = decide(train, NAMES)
    subset = Subset(Examples(np.zeros((3, 1)), train, np.arange(3), NAMES), np.arange(3))
    common, best = ctc.constant_strings(task, subset, subset, None)
    assert (common.answer, common.score) == ("always 'ab'", pytest.approx(2 / 5))
    assert best.score <= common.score


def test_a_string_longer_than_the_steps_cannot_be_spelled_nor_twins_without_a_blank_between():
    target = torch.from_numpy(TARGET).long()
    assert ctc.unreachable(torch.zeros(1, 3, 4), target).tolist() == [False, True]
    assert ctc.unreachable(torch.zeros(1, 4, 4), target).tolist() == [False, False]
