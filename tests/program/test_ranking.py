"""The task ranking through the whole road: whole queries on one side, paired rungs, ranks, and what is refused."""

import csv

import numpy as np
import pytest

import dl
from dl.data.queries import numbers_of_queries
from dl.errors import BadData, DLError
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.training.devices import Devices
from dl.training.setup import set_up
from dl_reports.baseline import lead
from dl_reports.build import build_report
from dl_reports.facts import Facts
from dl_reports.read import read

CPU = Devices("cpu", "1")
COLUMNS = ("query", "price", "kind", "noise", "relevant")


def hits(queries=80, seed=0):
    """Rows of searches of three to eight offers each, of which the cheapest for its kind is taken."""
    rng = np.random.default_rng(seed)
    for query in range(queries):
        size = rng.integers(3, 9)
        prices, kinds = rng.uniform(1, 9, size) + rng.normal(), rng.integers(0, 2, size)
        best = np.argmin(prices - 2 * kinds + rng.normal(0, 0.3, size))
        for row in range(size):
            yield f"q{query}", f"{prices[row]:.3f}", "ab"[kinds[row]], f"{rng.normal():.3f}", int(row == best)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of searches."""
    path = tmp_path_factory.mktemp("searches") / "hits.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *hits()])
    return path


@pytest.fixture(scope="module")
def run(table, one_thread):
    """A short fit of it."""
    given = {"target": "relevant", "task": "ranking", "group_on": "query", "epochs": 3, "probe": 100}
    return dl.fit("tabular", str(table), runs=table.parent / "runs", devices=CPU, **given)


def test_a_fit_beats_a_random_order_in_pairs_and_its_loss_is_that_of_a_choice(run):
    facts = Facts(read(run), load_plugins())
    info = run.manifest.task
    assert [one.name for one in info.metrics] == [
        *("mean_average_precision", "ndcg_at_10", "precision_at_1", "precision_at_5"),
    ]
    assert (info.loss, info.by_query, info.bounded) == ("listwise", True, False)
    random, column = run.manifest.baselines[:2]
    assert (random.name, column.answer) == ("random order", "column 'price' alone, the smallest first")
    over_random = lead(facts)
    assert over_random.form == "paired" and over_random.interval[0] > 0
    assert run.best["val_mean_average_precision"] > column.score


def test_validation_and_probe_hold_whole_queries(run, table):
    setup = set_up(resolve(load_plugins(), recipe=str(run.path / "recipe.toml")), load_plugins())
    numbers = numbers_of_queries(setup.splits.train.examples)
    for part in (setup.splits.val, setup.splits.probe):
        assert np.isin(numbers, numbers[part.index]).sum() == len(part)
    assert setup.splits.groups["val"] is not None and len(setup.splits.probe) <= 100


def test_the_report_shows_the_hardest_queries(run):
    shown = build_report(run).examples
    assert shown and all("rows relevant" in one.true and one.predicted.startswith("at rank") for one in shown)
    assert all(one.source.startswith("query of hits.csv row") for one in shown)


def test_a_prediction_is_a_rank_within_the_query(run, table):
    found = dl.predict(run, table)
    first = [one for one in found if one.answer.endswith("in q0")]
    assert sorted(one.values["rank"] for one in first) == list(range(1, len(first) + 1))
    assert max(first, key=lambda one: one.values["score"]).answer == f"rank 1 of {len(first)} in q0"


def test_frames_are_ranked_and_tested(run):
    rows = list(zip(*hits(30, seed=1), strict=True))
    frame = {
        name: list(map(float, cells)) if name in ("price", "noise") else list(cells)
        for name, cells in zip(COLUMNS, rows, strict=True)
    }
    found = dl.evaluate(run, data=frame, target="relevant")
    assert found.info.name == "mean_average_precision" and found.groups == 30 and found.score.low > 0.5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "--group-on COLUMN"),
        ({"group_on": "gone"}, "gone"),
        ({"group_on": "price"}, "have a relevant row and another"),
        ({"group_on": "query", "target": "kind"}, "kind"),
        ({"group_on": "query", "target": "price"}, "relevance"),
        ({"group_on": "query", "reg": {"resample": {}}}, "resample"),
    ],
)
def test_what_cannot_be_ranked_is_one_line_before_the_first_step(table, tmp_path, given, message):
    with pytest.raises(DLError, match=message) as refused:
        dl.fit("tabular", str(table), **{"target": "relevant", "task": "ranking", "runs": tmp_path, **given})
    assert "\n" not in str(refused.value) and not list(tmp_path.iterdir())


def test_a_table_of_one_query_is_refused(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("query,x,relevant\n" + "".join(f"q,{k},{k % 2}\n" for k in range(9)), encoding="utf-8")
    with pytest.raises(BadData, match="of one query"):
        dl.fit("tabular", str(path), target="relevant", task="ranking", group_on="query", runs=tmp_path)
