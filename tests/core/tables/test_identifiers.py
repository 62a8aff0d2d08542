"""Identifiers that come again are found; ordinary categories are not."""

import numpy as np
import pyarrow as pa
import pytest

from dl.tables.identifiers import find_identifiers, groups_in_sight


def column(cells):
    return pa.chunked_array([pa.array([str(cell) for cell in cells], pa.string())])


def found(targets, **columns):
    return find_identifiers({name: column(cells) for name, cells in columns.items()}, np.asarray(targets))


@pytest.mark.parametrize("seed", range(20))
def test_ordinary_categories_and_numbers_are_silent(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(200, 2000))
    score = rng.normal(0, 1, n)
    city = np.clip((score * 5 + 20 + rng.normal(0, 3, n)).astype(int), 0, 40)
    columns = {
        "city": [f"city {chr(97 + k % 26)}{chr(97 + k // 26)}" for k in city],
        "age": np.clip(40 + 15 * score, 18, 90).astype(int),
        "rooms": rng.integers(1, 9, n),
        "price": np.exp(8 + score).astype(int) // 100,
    }
    assert not found((score > 0).astype(int), **columns) and not found(score, **columns)


def test_a_column_is_one_of_identifiers_by_name_by_form_and_by_target():
    rng = np.random.default_rng(0)
    patient = rng.integers(0, 40, 800)
    label = rng.integers(0, 2, 40)[patient]
    (one,) = found(label, patient=patient, x=rng.normal(0, 1, 800))
    assert one.of_one_target and one.count == 40 and one.agreement == 1
    (one,) = found(rng.integers(0, 2, 800), k=[f"P{k:03}" for k in patient])
    assert not one.of_one_target and abs(one.agreement) < 0.1
    (one,) = found(label, k=patient * 7919 % 10007)  # neither name nor form, but the target
    assert one.of_one_target


def test_an_amount_that_decides_the_target_is_no_identifier():
    age = np.random.default_rng(0).integers(18, 80, 2000)
    assert not found((age > 50).astype(int), age=age)
    assert found((age > 50).astype(int), person=age)  # the name says otherwise


def test_the_finding_names_the_option_and_is_an_issue_for_one_target_a_group():
    patient = np.repeat(np.arange(20), 10)
    (issue,) = groups_in_sight(found(patient % 2, patient=patient))
    assert (issue.code, issue.severity, issue.evidence["column"]) == ("data-groups-in-sight", "issue", "patient")
    assert issue.message.startswith("column 'patient' names 20 groups of 10 rows in the mean, each with one target")
    assert issue.message.endswith("keep them together: --group-on patient")
    (tip,) = groups_in_sight(found(np.arange(200) % 2, patient=patient))
    assert tip.severity == "tip" and groups_in_sight([]) == []
