"""What a long search has found is kept and read again to the same result, without a search."""

import numpy as np
import pytest

from dl.groups import Groups
from dl_reports.statistics.families import families
from dl_reports.statistics.kept import bits, from_bits
from dl_reports.statistics.luck import luck_of_the_best
from dl_reports.statistics.neighbours import near_duplicates
from dl_reports.statistics.not_computable import NotComputable
from dl_reports.statistics.shift import input_shift


def test_numbers_are_read_from_their_bits():
    values = np.array([0.1, -np.inf, 1e300, 0.0])
    assert np.array_equal(from_bits(bits(values)), values) and from_bits(bits(0.3)) == 0.3


@pytest.mark.parametrize("search", [families, near_duplicates, input_shift])
@pytest.mark.parametrize("varies", [True, False])
def test_a_search_that_is_kept_ends_as_one_that_is_made(rng, search, varies):
    train, val = rng.standard_normal((300, 12)), rng.standard_normal((80, 12))
    val[:20], train[200:260] = train[:20] + 1e-4, np.repeat(train[:20] - 1e-4, 3, axis=0)
    train, val = (train, val) if varies else (np.ones((300, 12)), np.ones((80, 12)))
    kept = []
    made = search(train, val, keep=lambda look: kept.append(look()) or kept[0])
    again = search(train, val, keep=lambda look: kept[0])
    assert len(kept) == 1 and kept[0].dtype == np.int64
    assert isinstance(made, NotComputable) is not varies
    for name, value in vars(made).items():
        assert np.array_equal(getattr(again, name), value), name


@pytest.mark.parametrize("grouped", [False, True])
def test_the_luck_of_the_best_is_kept_with_the_rows_that_were_skipped(rng, grouped):
    scores = rng.standard_normal((4, 90))
    scores[1, 3] = np.nan
    groups = Groups.of(np.arange(90) // 2) if grouped else None
    kept = []
    made = luck_of_the_best(scores, False, groups=groups, keep=lambda look: kept.append(look()) or kept[0])
    assert made == luck_of_the_best(scores, False, groups=groups) and made.skipped == (1,)
    assert luck_of_the_best(scores, False, groups=groups, keep=lambda look: kept[0]) == made
    assert isinstance(luck_of_the_best(scores * np.nan, True), NotComputable)


def test_a_shift_between_groups_is_kept_as_well(rng):
    sides = rng.standard_normal((120, 3)), rng.standard_normal((120, 3))
    groups = tuple(Groups.of(np.repeat(np.arange(40), 3)) for _ in sides)
    kept = []
    made = input_shift(*sides, groups=groups, keep=lambda look: kept.append(look()) or kept[0])
    assert input_shift(*sides, groups=groups, keep=lambda look: kept[0]) == made
