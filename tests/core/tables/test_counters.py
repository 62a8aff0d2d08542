"""Counters are told by their values, and nothing else is."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.tables.counters import (
    begin_anew,
    count_within,
    counter_notes,
    counts_rows,
    find_counters,
    named_like_id,
    used_counters,
    whole_numbers,
    words_of,
)


def column(cells):
    return pa.chunked_array([pa.array([str(cell) for cell in cells], pa.string())])


@given(st.integers(30, 300), st.integers(0, 1600) | st.integers(2201, 10**9), st.integers(1, 1000), st.randoms())
def test_a_counter_is_found_in_any_order_from_any_start_in_any_step(n, start, step, random):
    values = [start + step * k for k in range(n)]
    random.shuffle(values)
    assert counts_rows("x", column(values))
    assert counts_rows("x", column(f"row_{value:010}" for value in values))
    assert counts_rows("x", column(f"{value}.0" for value in values))


def test_a_counter_may_have_holes_gaps_and_begin_anew():
    rng = np.random.default_rng(0)
    assert counts_rows("x", column(rng.choice(900, 600, replace=False)))
    assert counts_rows("x", column(["", *range(100)]))
    assert counts_rows("x", column([*range(300), *range(300)]))
    assert begin_anew(np.array([*range(1, 101), *range(1, 80)])) and not begin_anew(np.arange(365 * 3) % 365)


@pytest.mark.parametrize("seed", range(20))
def test_measured_integers_are_no_counters(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(60, 2000))
    for values in (
        rng.integers(18, 90, n),
        rng.poisson(3, n),
        (rng.normal(0, 1, n) * 1000).astype(int),
        np.exp(rng.normal(10, 1, n)).astype(int),
        np.repeat(np.arange(n // 10), 10),  # a patient's number, which comes again
        np.arange(n) % 12 + 1,
    ):
        assert not counts_rows("x", column(values))
    assert not counts_rows("x", column(rng.normal(0, 1, n).round(3)))


def test_years_and_few_values_are_no_counters():
    assert not counts_rows("year", column(range(1950, 2020))) and not counts_rows("n", column(range(1900, 2000)))
    assert not counts_rows("dose", column(range(10)))


def test_ranks_stay_and_the_counter_beside_them_goes():
    rng = np.random.default_rng(0)
    ranks = {f"r{k}": column(rng.permutation(86) + 1) for k in range(3)}
    assert find_counters({"n": column(range(86)), **ranks}, {}) == {"n": False}
    assert find_counters({"n": column(rng.permutation(86))}, {}) == {"n": False}


def test_a_counter_of_each_group_is_found_and_a_time_or_a_full_design_is_none():
    sizes = np.array([9, 12, 7, 20, 15])
    film, frame = np.repeat(range(5), sizes), np.concatenate([np.arange(size) for size in sizes])
    order = np.random.default_rng(0).permutation(len(film))
    cells = {"film": column(film[order]), "frame": column(frame[order])}
    assert find_counters({"frame": cells["frame"]}, cells) == {"frame": False}
    assert not count_within("visit", frame, film)
    assert not count_within("dose", np.tile(np.arange(8), 10), np.repeat(range(10), 8))
    assert not count_within("month_number", np.tile(np.arange(12), 10), np.repeat(range(10), 12))


def test_names_by_which_columns_were_always_left_out_need_whole_numbers():
    cells = {"id": column([7, 7, 3, 5]), "index": column([0.5, 0.25, 1.5, 2]), "": column(["a", "b", "a", "a"])}
    assert find_counters(cells, {}) == {"id": True}


def test_the_numbers_of_words_that_all_share():
    assert whole_numbers(column(["row_007", "row_12"])).tolist() == [7, 12]
    assert whole_numbers(column(["row_007", "img_12"])) is None and whole_numbers(column(["1.5"])) is None


def test_words_of_a_name_and_names_of_identifiers():
    assert words_of("patientId") == words_of("patient_id") == ["patient", "id"]
    named = [name for name in ("patient", "customer_id", "userId", "films", "subject_no") if named_like_id(name)]
    assert len(named) == 5
    assert not any(map(named_like_id, ("city", "colour", "user_age", "video_length", "phone_number", "valid", "")))


def test_a_counter_that_is_used_is_an_issue_where_the_file_is_sorted():
    sorted_by = np.repeat([0, 1, 2], 50)
    (finding,) = used_counters({"n": column(range(150)), "x": column([1] * 150)}, sorted_by)
    assert (finding.code, finding.severity, finding.evidence["column"]) == ("data-row-counter", "issue", "n")
    (finding,) = used_counters({"n": column(range(150))}, np.random.default_rng(0).permutation(sorted_by))
    assert finding.severity == "tip"


def test_the_note_offers_a_running_time_as_time():
    assert counter_notes([]) == []
    (note,) = counter_notes(["n", "day"])
    assert note == "left out, as they only count or number the rows: 'n', 'day'; if it is a time: --time-on day"
