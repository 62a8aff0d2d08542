"""Single bits that change in the cache and in a served run: never another fit or another answer in silence."""

import pytest

from benchmarks import bits

CACHES = ("decoded images", "features of a body", "prepared texts", "answers of rivals")


def fitted(name, tmp_path, count):
    fit = bits.cached_fits(tmp_path)[name]
    return bits.bits_of_cache(name, fit, tmp_path / "runs", count)


@pytest.mark.check
@pytest.mark.parametrize("name", CACHES)
def test_a_fit_ends_as_ever_though_bits_of_its_cache_have_changed_and_that_is_said(name, tmp_path, one_thread):
    row = fitted(name, tmp_path, 3)
    assert row["entries"] >= 1 and row["otherwise"] == 0 and row["told"] >= 2, row


@pytest.mark.slow
@pytest.mark.parametrize("name", CACHES)
def test_so_it_does_whatever_bit_has_changed(name, tmp_path, one_thread):
    assert fitted(name, tmp_path, 60)["otherwise"] == 0


@pytest.mark.parametrize(
    "count", [pytest.param(12, marks=pytest.mark.check), pytest.param(300, marks=pytest.mark.slow)]
)
def test_a_changed_run_is_not_served_or_answers_as_before_also_where_it_changes_while_it_is(
    count, tmp_path, one_thread
):
    rows = bits.bits_of_service(bits.served(tmp_path / "runs"), count)
    assert [row["changed before"] for row in rows] == ["its start", "SIGHUP"]
    assert all(row["otherwise"] == 0 and row["refused"] == 0 and row["named"] >= 1 for row in rows), rows
