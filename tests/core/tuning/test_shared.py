"""The claims of several workers on the trials of one study, in a journal; each worker is an object here."""

import time
from dataclasses import replace

import pytest
from rich.console import Console
from sqlalchemy.exc import OperationalError

from dl.errors import BadRun, TrainingFailed
from dl.runs.manifest import MetricInfo
from dl.tuning import shared
from dl.tuning.shared import Identity, SharedStudy, at_its_place
from dl.tuning.space import Dimension
from dl.tuning.storage import Place

SPACE = (
    Dimension("lr", "train", 0.01, 0.001, 0.1, log=True),
    Dimension("schedule", "train", "constant", choices=("constant", "cosine")),
)
OWN = Identity(
    data="given",
    fingerprint="a",
    val_fingerprint="b",
    recipe={"train.epochs": "3"},
    space=SPACE,
    sampler="tpe",
    seed=0,
    metric=MetricInfo("accuracy", True, 1.0, "proportion"),
    monitor="metric",
)


@pytest.fixture
def now():
    """The time of the workers, in a list."""
    return [0.0]


@pytest.fixture
def worker(tmp_path, monkeypatch, now):
    """A function that opens the study as another worker does: worker(**changes of the identity)."""
    monkeypatch.setattr(shared, "PAUSES", (0.01, 0.01))

    def make(**changes):
        place = Place(str(tmp_path / "study.log"))
        one = SharedStudy(place, "first", Console(record=True, width=200), every=0.02, clock=lambda: now[0])
        one.open(replace(OWN, **changes))
        return one

    return make


def ended(trial, score=0.5, status="finished"):
    return replace(trial, status=status, score=score, loss=1.0, epochs=1, best_epoch=1)


def test_workers_claim_other_trials_of_one_budget_and_see_how_all_ended(worker, tmp_path):
    here, there = worker(), worker()
    first, second = here.claim(3, tmp_path / "here"), there.claim(3, tmp_path / "there")
    assert first.options == {"lr": 0.01, "schedule": "constant"} and second.options != first.options
    assert here.tell(ended(first, 0.7)) and there.tell(ended(second, 0.4, "pruned"))
    third = there.claim(3, tmp_path / "there")
    assert (first.number, second.number, third.number) == (1, 2, 3)
    assert here.claim(3, tmp_path / "here") is None and here.is_waiting()
    there.tell(ended(third, None, "failed"))
    assert not here.is_waiting()
    found = here.trials()
    assert [(one.status, one.score) for one in found] == [("finished", 0.7), ("pruned", 0.4), ("failed", None)]
    assert [one.folder for one in found] == [str(tmp_path / name) for name in ("here", "there", "there")]
    assert at_its_place(found[0], tmp_path / "here").place == "" != at_its_place(found[1], tmp_path / "here").place
    assert found == there.trials()


def test_a_budget_is_kept_where_two_workers_ask_at_once(worker, tmp_path, monkeypatch):
    here, there = worker(), worker()
    monkeypatch.setattr(here, "_is_used_up", lambda known, most, points: len(known) >= most and len(known) < 2)
    first = there.claim(1, tmp_path)
    assert here.claim(1, tmp_path) is None and first is not None
    assert len(here.trials()) == 1 and there.claim(1, tmp_path) is None


def test_the_trial_of_a_worker_without_a_beat_is_tried_again_once_and_then_has_failed(worker, tmp_path, now):
    here, lost = worker(), worker()
    given = lost.claim(1, tmp_path)
    assert here.claim(1, tmp_path) is None
    with lost.beating(given):
        while shared.BEAT not in here.study.trials[0].user_attrs:
            time.sleep(0.01)
    for now[0] in (89.0, 178.0):  # the beat was seen at 89
        assert here.claim(1, tmp_path) is None
    now[0] = 179.0
    again = here.claim(1, tmp_path)
    assert again.options == given.options and again.number > given.number
    assert not lost.tell(ended(given)), "another worker's now"
    assert "trial 1 has lost its worker, and is tried again" in here.console.export_text()
    other = worker()
    assert other.claim(1, tmp_path) is None
    now[0] = 270.0
    assert other.claim(1, tmp_path) is None
    (failed,) = other.trials()
    assert failed.status == "failed" and "its worker was killed 2 times" in failed.message


def test_a_trial_that_a_signal_stopped_is_tried_again_by_whoever_comes(worker, tmp_path):
    here = worker()
    given = here.claim(2, tmp_path)
    here.give_back(given)
    assert here.trials() == ()
    assert worker().claim(2, tmp_path).options == given.options


def test_a_grid_is_shared_point_by_point(worker, tmp_path):
    here, there = worker(sampler="grid"), worker(sampler="grid")
    claimed = [one.claim(0, tmp_path) for _ in range(3) for one in (here, there)]
    there.give_back(claimed[-1])
    again = here.claim(0, tmp_path)
    assert again.options == claimed[-1].options and here.claim(0, tmp_path) is None
    assert len({str(one.options) for one in claimed}) == 6


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"fingerprint": "c"}, "tunes other data than given as it is here"),
        ({"val_fingerprint": "c"}, "which of them validate, differ"),
        ({"recipe": {"train.epochs": "4"}}, "another recipe: train.epochs is 3, not 4"),
        ({"space": SPACE[:1]}, "other options: lr, schedule, not lr"),
        ({"space": (replace(SPACE[0], high=0.2), SPACE[1])}, "the same options in other ranges"),
        ({"sampler": "random"}, "by --sampler tpe, not random"),
    ],
)
def test_a_worker_of_another_study_is_refused(worker, changes, line):
    worker()
    with pytest.raises(BadRun, match=line):
        worker(**changes)


def test_a_study_that_is_not_there_is_named_with_those_that_are(worker, tmp_path):
    worker()
    with pytest.raises(BadRun, match=r"no study 'second' in .*study\.log  it has: first"):
        SharedStudy(Place(str(tmp_path / "study.log")), "second", Console(quiet=True)).open(None)


def test_a_storage_that_goes_away_is_tried_again_and_loses_nothing(worker, tmp_path, monkeypatch):
    here = worker()
    trial = here.claim(1, tmp_path)
    tell, away = here._tell, [2]

    def fails(told):
        if away[0]:
            away[0] -= 1
            raise OperationalError("", {}, Exception("the server has gone\n\tis it running?"))
        return tell(told)

    monkeypatch.setattr(here, "_tell", fails)
    assert here.tell(ended(trial)) and here.trials()[0].status == "finished"
    said = here.console.export_text()
    assert said.count("the storage is away") == 1 and "the server has gone\n" in said and "is back" in said
    away[0] = 5
    with pytest.raises(TrainingFailed, match="go on: the same command again"):
        here.tell(ended(trial))
