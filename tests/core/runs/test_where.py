"""The language of --where and --sort, on three runs whose fields are known."""

from pathlib import Path

import pytest

from dl.errors import BadOption
from dl.runs.manifest import MetricInfo
from dl.runs.notes import Notes
from dl.runs.overview import Overview
from dl.runs.where import in_order, matching, number_of

ACCURACY, ERROR = MetricInfo("accuracy", True, 1.0, "proportion"), MetricInfo("mae", False, 0.0, "mean")


class Known(Overview):
    """An overview with choices at hand."""

    @property
    def choices(self):
        return {"train.lr": 0.001, "model.width": 32, "reg.l2.strength": 0.1, "train.loss": "auto"}


@pytest.fixture
def three():
    """Two classifications and a regression."""
    return [
        Known(
            Path("runs/0001-a"), kind="fit", status="finished", data="mnist", model="convnet", metrics=(ACCURACY,),
            created="2026-03-01T10:00:00+00:00", scores={"val_accuracy": 0.97, "val_loss": 0.3}, notes=Notes(("kept",)),
        ),
        Overview(
            Path("runs/0002-b"), kind="cv", status="killed", data="my data", model="dense", metrics=(ACCURACY,),
            created="2026-03-02T10:00:00+00:00", scores={"val_accuracy": 0.99, "val_loss": 0.4}, epochs=12,
        ),
        Overview(
            Path("runs/0003-c"), kind="fit", status="finished", data="prices", model="dense", metrics=(ERROR,),
            created="2026-04-01T10:00:00+00:00", scores={"val_mae": 2.0, "val_loss": 0.1}, notes=Notes((), "Wide"),
        ),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("accuracy>0.98", "2"),
        ("accuracy >= 97%", "12"),
        ("val_accuracy=0.97", "1"),
        ("accuracy!=0.97", "2"),
        ("not accuracy>0.98", "13"),
        ("kind=fit and (model=convnet or mae<3)", "13"),
        ("model=dense or status=finished and kind=cv", "23"),
        ("not not status = killed", "2"),
        ('data = "my data"', "2"),
        ("data~DATA", "2"),
        ("tags=kept", "1"),
        ("tags!=kept", "23"),
        ("note~wide", "3"),
        ("date=2026-03", "12"),
        ("date>2026-03-01", "23"),
        ("date<=2026-03-01", "1"),
        ("epochs>3", "2"),
        ("number>1 and number<3", "2"),
        ("lr=1e-3", "1"),
        ("model.width>16", "1"),
        ("l2=0.1", "1"),
        ("loss>0.2", "12"),
        ("train.loss=auto", "1"),
        ("accuracy>high", ""),
    ],
)
def test_an_expression_keeps_the_runs_it_means(three, where, numbers):
    assert "".join(str(int(one.name[:4])) for one in matching(three, where)) == numbers


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("acuracy>1", "no run has a field 'acuracy'; did you mean 'accuracy'.*fields: accuracy, best_epoch, data"),
        ("accuracy>", "it ends where a value is expected"),
        ("accuracy", "it ends where = != < <= > >= or ~ is expected"),
        ("> 3", "'>' stands where a field is expected"),
        ("(accuracy>1", "it ends where a closing parenthesis"),
        ("accuracy>1 model=a", "'model' stands where and, or or the end"),
        ("", "it ends where a field"),
        ('data="a', "cannot be read"),
        ("status<3", "status has no order"),
        ("(" * 60 + "lr=1" + ")" * 60, "nested more than 50"),
        ("lr=1 or " * 200 + "lr=1", "at most 500"),
        ("__import__('os')", "stands where = != < <= > >= or ~ is expected"),
    ],
)
def test_what_is_no_expression_is_one_line_with_its_place(three, where, words):
    with pytest.raises(BadOption, match=words) as caught:
        matching(three, where)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("by", "order"),
    [
        ("accuracy", "213"),
        ("-accuracy", "123"),
        ("loss", "312"),
        ("mae", "312"),
        ("date", "123"),
        ("-date", "321"),
        ("model", "123"),
        ("epochs", "213"),
    ],
)
def test_scores_stand_best_first_others_rise_and_what_lacks_the_field_is_last(three, by, order):
    assert "".join(str(int(one.name[:4])) for one in in_order(three, by)) == order


def test_an_empty_folder_knows_no_fields_and_refuses_none():
    assert matching([], "anything>3") == [] == in_order([], "accuracy")


def test_numbers_may_be_percent_and_nothing_that_is_not_finite_is_one():
    assert [number_of(word) for word in ("98%", "1e-3", "-2")] == [0.98, 0.001, -2]
    assert {number_of(word) for word in ("nan", "inf", "x", "%")} == {None}
