"""Exported dates are days since 1970, of which a network makes parts; derived columns are computed inside."""

import numpy as np
import pytest
import torch

import dl
from dl.exporting import steps
from dl.exporting.loader import Network
from dl.preparation import number
from dl.tables.dates import Dates, take_apart
from dl_tabular.derive import derive_columns, parse_derive
from dl_tabular.made import PARTS, MadeColumns, plan_columns


def test_parts_are_those_of_a_fit_for_every_day_of_four_centuries():
    moments = np.arange("1800-01-01", "2200-03-02", dtype="M8[D]").astype("M8[us]").astype(np.int64)
    moments += np.random.default_rng(0).integers(0, 86_400_000_000, len(moments))
    wanted = take_apart("sold", Dates(moments, np.zeros(len(moments), bool), True))
    days = torch.from_numpy(moments / 86_400_000_000)
    assert set(wanted) == {f"sold ({part})" for part in PARTS}
    for part, compute in PARTS.items():
        assert np.allclose(compute(days).numpy(), wanted[f"sold ({part})"], rtol=0, atol=1e-6), part


def test_a_missing_date_has_missing_parts():
    assert all(compute(torch.tensor([np.nan], dtype=torch.float64)).isnan().all() for compute in PARTS.values())


def test_one_input_stands_for_all_parts_of_a_date_whose_days_are_known():
    columns = [number(name, "") for name in ("age", "sold (month)", "sold (weekday)", "born (year)")]
    plan = plan_columns(columns, ["age", "sold (days)", "sold (month)", "sold (weekday)", "born (year)"])
    kinds = [("age", "number"), ("sold", "date"), ("born (year)", "number")]
    assert [(one.name, one.kind) for one in plan.inputs] == kinds
    assert plan.held == ("age", "sold (days)", "born (year)")
    given = [torch.tensor([value], dtype=torch.float64) for value in (30.0, 31.5, 1990.0)]
    assert [one.item() for one in MadeColumns(plan)(*given)] == [30, 2, 6, 1990]  # 1 February 1970 was a Sunday
    given[1] = torch.from_numpy(np.array([""], "M8[us]").astype(float) / 86_400_000_000)
    assert [one.isnan().item() for one in MadeColumns(plan)(*given)] == [False, True, True, False]


EXPRESSIONS = (
    "each=rooms/people,often=where(each > 2, sqrt(abs(rooms)), -people),gone=missing(rooms)+1,"
    "whole=rooms//people,rest=rooms % people,power=rooms**2,far=exp(rooms*100),least=minimum(rooms, people),"
    "same=rooms==people,low=log1p(maximum(rooms, 0)) - floor(people)"
)


def test_derived_columns_are_those_of_a_fit():
    rng = np.random.default_rng(0)
    rooms = np.where(rng.random(300) < 0.1, np.nan, rng.normal(3, 2, 300))
    people = np.where(rng.random(300) < 0.1, np.nan, rng.integers(0, 5, 300))
    derivations = parse_derive(EXPRESSIONS)
    wanted = derive_columns({"rooms": rooms, "people": people}, derivations)
    columns = [number(name, "") for name in wanted]
    plan = plan_columns(columns, ["rooms", "people", *wanted], derivations, {"rooms": frozenset([-999.0])})
    assert [one.name for one in plan.inputs] == ["rooms", "people"] == [*plan.held]
    found = MadeColumns(plan)(torch.from_numpy(np.nan_to_num(rooms, nan=-999.0)), torch.from_numpy(people))
    for name, one in zip(wanted, found, strict=True):
        assert np.allclose(one.numpy(), wanted[name], rtol=1e-9, atol=1e-9, equal_nan=True), name


def test_a_derived_column_whose_source_is_no_column_is_an_input_itself():
    derivations = parse_derive("each=rooms/people")
    plan = plan_columns([number("each", "")], ["people", "each"], derivations)
    assert [one.name for one in plan.inputs] == ["each"]


@pytest.mark.parametrize("given", [["1970-01-02", ""], np.array(["1970-01-02", "NaT"], "M8[D]"), [1.0, np.nan]])
def test_a_loader_takes_dates_as_text_as_moments_and_as_days(given):
    assert np.array_equal(steps.date(given), [1.0, np.nan], equal_nan=True)


@pytest.mark.check
def test_a_table_with_dates_is_answered_without_dl(tmp_path, one_thread):
    rng = np.random.default_rng(0)
    days = rng.integers(0, 900, 200)
    dates = np.array(["" if at % 9 == 0 else str(np.datetime64("2021-01-01") + at) for at in days])
    lines = [f"{day},{at % 7},{at % 7 * 2 + rng.random():.3f}" for day, at in zip(dates, days, strict=True)]
    (tmp_path / "sales.csv").write_text("\n".join(["sold,kind,price", *lines]))
    run = dl.fit("tabular", tmp_path / "sales.csv", target="price", epochs=1, runs=tmp_path / "runs", rivals=False)
    network = Network(run.export("folder", out=tmp_path / "network").path)
    assert [one["kind"] for one in network.config["inputs"]] == ["date", "number"]
    found = network(sold=["2021-02-03", ""], kind=[1.0, 2.0])["values"][:, 0]
    (tmp_path / "new.csv").write_text("sold,kind\n2021-02-03,1\n,2\n")
    wanted = [one.values["price"] for one in dl.predict(run, tmp_path / "new.csv")]
    assert np.allclose(found, wanted, rtol=1e-5)
    assert run.export("onnx", out=tmp_path / "network.onnx").agreement.share == 1.0
