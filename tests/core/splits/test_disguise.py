"""The target in disguise is found; strong measurements are not it."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

from dl.data.examples import Examples, Subset
from dl.splits.disguise import as_codes, check_columns, in_disguise, tell


def parts(columns, targets, seed=0):
    made = np.empty(len(targets), [(name, np.asarray(values).dtype) for name, values in columns.items()])
    for name, values in columns.items():
        made[name] = values
    given = Examples(made, np.asarray(targets), np.arange(len(targets)))
    order = np.random.default_rng(seed).permutation(len(targets))
    cut = len(targets) // 5
    return Subset(given, np.sort(order[cut:])), Subset(given, np.sort(order[:cut]))


def disguised(columns, targets, seed=0):
    found = check_columns(*parts(columns, targets, seed))
    return [one.evidence["column"] for one in found if one.code == "data-target-in-disguise"]


def noise(rng, n):
    return {f"x{k}": rng.normal(0, 1, n) for k in range(3)}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [100, 1000])
def test_a_value_is_found_in_another_unit_rounded_transformed_binned_and_with_gaps(n, seed):
    rng = np.random.default_rng(seed)
    y = np.exp(rng.normal(0, 1, n))
    some = rng.random(n) < 0.4
    for hidden in (
        2.54 * y + 7,
        np.round(30 * np.argsort(np.argsort(y)) / n),
        np.log(y),
        -(y**3),
        np.digitize(y, np.quantile(y, [0.25, 0.5, 0.75])).astype(float),
        np.array(["low", "mid", "high"])[np.digitize(y, np.quantile(y, [0.3, 0.6]))],
        np.where(some, np.nan, y),
        y + rng.normal(0, 0.001, n),
    ):
        assert disguised({**noise(rng, n), "hidden": hidden, "near": y + rng.normal(0, 1, n)}, y) == ["hidden"]


@pytest.mark.parametrize("seed", range(5))
def test_a_class_is_found_as_a_code_as_finer_codes_with_gaps_and_as_a_gap(seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 300)
    for hidden in (
        np.array(list("QRS"))[y],
        np.array([7.0, 3, 9])[y],
        np.char.add(np.array(list("QRS"))[y], rng.choice(list("abcd"), 300)),
        np.where(rng.random(300) < 0.4, "", np.array(list("QRS"))[y]),
    ):
        assert disguised({**noise(rng, 300), "hidden": hidden}, y) == ["hidden"]
    died = (y == 0).astype(np.int64)
    assert disguised({**noise(rng, 300), "died_on": np.where(died, rng.normal(0, 1, 300), np.nan)}, died) == ["died_on"]


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_diabetes])
def test_ordinary_strong_measurements_are_silent_on_all_splits(load):
    data = load()
    columns = {f"x{k}": values for k, values in enumerate(data.data.T)}
    assert not [seed for seed in range(20) if disguised(columns, data.target, seed)]


def test_two_measurements_that_part_the_classes_equally_well_are_silent():
    data = load_iris()
    assert not disguised({f"x{k}": values for k, values in enumerate(data.data.T)}, (data.target == 0).astype(int))


def test_a_category_that_decides_a_price_is_silent_and_codes_read_as_numbers_are_a_tip():
    rng = np.random.default_rng(0)
    code = rng.integers(0, 5, 500)
    price = np.array([10.0, 50, 90, 20, 70])[code] + rng.normal(0, 2, 500)
    assert not disguised({**noise(rng, 500), "code": np.array(list("abcde"))[code]}, price)
    (finding,) = check_columns(*parts({**noise(rng, 500), "code": np.array([501.0, 17, 2134, 90, 33])[code]}, price))
    assert (finding.code, finding.severity) == ("data-code-as-number", "tip")
    assert finding.message.endswith("read it as categories: categories=code")
    assert not check_columns(*parts({**noise(rng, 500), "rooms": code.astype(float)}, code + rng.normal(0, 1, 500)))


def test_the_only_column_and_rows_that_are_too_few_are_not_judged():
    x = np.arange(200.0)
    assert not disguised({"x": x}, x**2)
    assert not disguised({"x": x[:20], "z": x[:20]}, x[:20])


def test_a_part_of_a_date_is_said_of_its_column():
    rng = np.random.default_rng(0)
    (finding,) = check_columns(*parts({**noise(rng, 300), "day (days)": np.arange(300.0)}, np.arange(300.0)))
    assert finding.evidence["column"] == "day" and finding.message.endswith("hold out the newest rows: --time-on day")


def test_what_is_told_is_a_share_of_what_is_to_be_told():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 2000)
    train, val = parts(
        {
            "half": np.where(rng.random(2000) < 0.5, y, rng.integers(0, 2, 2000)).astype(float),
            "none": rng.normal(0, 1, 2000),
        },
        y,
    )
    half, none = tell(train, val, ["half", "none"])
    assert half.share == pytest.approx(0.5, abs=0.05) and none.share < 0.05
    assert not in_disguise([half, none]) and not as_codes([half, none])
