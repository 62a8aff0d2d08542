from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dl.data.examples import Subset
from dl.errors import BadRun
from dl.groups import Groups
from dl.runs import outcomes
from dl.runs.outcomes import Scored

IN_TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)


@pytest.fixture
def part(examples):
    """Seven examples."""
    return Subset(examples(np.zeros((9, 1)), np.arange(9) % 2, first=50), np.arange(2, 9))


@pytest.fixture
def scored():
    """A function that makes outcomes of n examples: right or wrong, or of any score."""

    def make(n, seed=0, right_or_wrong=True):
        rng = np.random.default_rng(seed)
        score = rng.integers(0, 2, n) if right_or_wrong else rng.uniform(0, 3, n)
        loss, margin = rng.exponential(1, n), rng.normal(0, 3, n)
        return Scored(*(x.astype(np.float32) for x in (loss, score, margin)), rng.normal(0, 1, (n, 3)).astype("f4"))

    return make


def test_both_sets_are_read_from_one_reading_of_each_file(tmp_path, part, scored):
    outcomes.write_examples(tmp_path, {"val": part, "probe": part}, np.zeros(7, bool))
    for number in (1, 2):
        outcomes.write_epoch(tmp_path, number, {"val": scored(7, number), "probe": scored(7, 9)})
    read = []

    def counted(path):
        read.append(path.name)
        return outcomes.read_arrays(path)

    kept = cache(counted)
    found = {name: outcomes.read_outcomes(tmp_path, name, kept) for name in ("val", "probe")}
    assert sorted(read) == ["epoch-00001.npz", "epoch-00002.npz", "examples.npz"]
    for name, one in found.items():
        assert np.array_equal(one.loss, outcomes.read_outcomes(tmp_path, name).loss)


@pytest.mark.parametrize("right_or_wrong", [True, False])
def test_outcomes_are_read_as_they_were_written_to_half_precision(tmp_path, part, scored, right_or_wrong):
    outcomes.write_examples(tmp_path, {"val": part, "probe": part}, np.zeros(7, bool))
    epochs = [scored(7, seed, right_or_wrong) for seed in range(3)]
    for number, one in enumerate(epochs, 1):
        outcomes.write_epoch(tmp_path, number, {"val": one, "probe": one})
    read = outcomes.read_outcomes(tmp_path, "probe")
    assert read.ids.tolist() == list(range(52, 59)) and read.targets.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert read.loss.shape == (3, 7) and outcomes.count_epochs(tmp_path) == 3
    for number, one in enumerate(epochs):
        assert read.loss[number] == pytest.approx(one.loss, rel=1e-3)
        assert read.margin[number] == pytest.approx(one.margin, rel=1e-3)
        assert read.score[number] == pytest.approx(one.score, rel=0 if right_or_wrong else 1e-3)
    assert (read.score.dtype == bool) is right_or_wrong


def test_groups_are_read_as_they_were_written_and_nothing_is_written_of_independent_examples(tmp_path, part, scored):
    groups = {"val": Groups(np.array([0, 0, 0, 1, 1, 1, 2])), "probe": None}
    outcomes.write_examples(tmp_path, {"val": part, "probe": part}, np.zeros(7, bool), groups)
    outcomes.write_epoch(tmp_path, 1, {"val": scored(7), "probe": scored(7)})
    assert "probe_groups" not in outcomes.read_arrays(tmp_path / "examples.npz")
    assert outcomes.read_outcomes(tmp_path, "val").groups.numbers.tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert outcomes.read_outcomes(tmp_path, "probe").groups is None


@pytest.mark.parametrize("damaged", [np.zeros(3, int), np.zeros(7), np.zeros((7, 1), int)])
def test_groups_that_do_not_fit_the_examples_are_damage(tmp_path, part, damaged):
    outcomes.write_examples(tmp_path, {"val": part}, np.zeros(7, bool))
    stored = outcomes.read_arrays(tmp_path / "examples.npz")
    outcomes.write_arrays(tmp_path / "examples.npz", stored | {"val_groups": damaged})
    with pytest.raises(BadRun, match="groups for 7 examples"):
        outcomes.read_outcomes(tmp_path, "val")


def test_right_and_wrong_take_one_bit_each(tmp_path, scored):
    outcomes.write_epoch(tmp_path, 1, {"val": scored(800)})
    assert outcomes.read_arrays(tmp_path / "epoch-00001.npz")["val_score"].nbytes == 100


@pytest.mark.parametrize("size", [1e-30, 1.0, 65_505.0, 4e11, 1e30])
def test_errors_of_any_size_are_kept_in_seven_digits(tmp_path, scored, size):
    values = np.array([[size, -size]], np.float32)
    outcomes.write_logits(tmp_path, "best", values)
    assert np.array_equal(outcomes.read_logits(tmp_path, "best"), values)
    one = scored(2)
    outcomes.write_epoch(tmp_path, 1, {"val": replace(one, score=np.array([size, 3 * size], np.float32))})
    assert outcomes.read_arrays(tmp_path / "epoch-00001.npz")["val_score"].tolist() == pytest.approx([size, 3 * size])


def test_epochs_are_counted_up_to_the_first_gap(tmp_path, scored):
    for number in (1, 2, 4):
        outcomes.write_epoch(tmp_path, number, {"val": scored(3)})
    assert outcomes.count_epochs(tmp_path) == 2


def test_a_run_without_an_epoch_has_empty_outcomes(tmp_path, part):
    outcomes.write_examples(tmp_path, {"val": part}, np.zeros(7, bool))
    assert outcomes.read_outcomes(tmp_path, "val").loss.shape == (0, 7)


@pytest.mark.parametrize("n", [5, 8, 17])
@pytest.mark.parametrize("right_or_wrong", [True, False])
def test_outcomes_of_other_examples_are_refused(tmp_path, part, scored, n, right_or_wrong):
    outcomes.write_examples(tmp_path, {"val": part}, np.zeros(7, bool))
    outcomes.write_epoch(tmp_path, 1, {"val": scored(n, right_or_wrong=right_or_wrong)})
    with pytest.raises(BadRun, match=f"{n} values of val loss for 7 examples"):
        outcomes.read_outcomes(tmp_path, "val")


def test_bits_of_another_number_of_examples_are_refused(tmp_path, part, scored):
    outcomes.write_examples(tmp_path, {"val": part}, np.zeros(7, bool))
    mixed = Scored(scored(7).loss, scored(17).score, scored(7).margin, scored(7).logits)
    outcomes.write_epoch(tmp_path, 1, {"val": mixed})
    with pytest.raises(BadRun, match="of val score for 7 examples"):
        outcomes.read_outcomes(tmp_path, "val")


def test_a_part_or_logits_that_are_not_kept_are_refused(tmp_path, part):
    outcomes.write_examples(tmp_path, {"val": part}, np.zeros(7, bool))
    with pytest.raises(BadRun, match="probe_ids"):
        outcomes.read_outcomes(tmp_path, "probe")
    outcomes.write_arrays(tmp_path / "best.npz", {"other": np.zeros(1)})
    with pytest.raises(BadRun, match="logits"):
        outcomes.read_logits(tmp_path, "best")


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(BadRun, match=r"examples.npz is missing; the run is not complete"):
        outcomes.read_outcomes(tmp_path, "val")


class Payload:
    def __reduce__(self):
        return (print, ("the payload ran",))


def test_a_file_that_holds_a_pickle_is_refused_and_nothing_runs(tmp_path, capsys):
    np.savez(tmp_path / "epoch-00001.npz", val_loss=np.array([Payload()], dtype=object))
    np.save(tmp_path / "plain.npy", np.array([Payload()], dtype=object))
    for name in ("epoch-00001.npz", "plain.npy"):
        with pytest.raises(BadRun):
            outcomes.read_arrays(tmp_path / name)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all", b"\x93NUMPY\x01\x00v\x00{}"])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(BadRun, match="damaged or not a file of dl"):
        outcomes.read_arrays(tmp_path / "x.npz")


def test_a_single_array_is_not_a_file_of_dl(tmp_path):
    with (tmp_path / "x.npz").open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(BadRun, match="not a file of dl"):
        outcomes.read_arrays(tmp_path / "x.npz")


@settings(IN_TMP, max_examples=300)
@given(data=st.data())
def test_a_damaged_file_is_refused_in_words_or_read_whole(tmp_path, part, scored, data):
    outcomes.write_examples(tmp_path, {"val": part, "probe": part}, np.zeros(7, bool))
    outcomes.write_epoch(tmp_path, 1, {"val": scored(7), "probe": scored(7)})
    path = tmp_path / data.draw(st.sampled_from(["examples.npz", "epoch-00001.npz"]))
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans(), "cut"):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    try:
        read = outcomes.read_outcomes(tmp_path, "val")
    except BadRun:
        return
    assert read.loss.shape == read.score.shape == read.margin.shape == (1, 7)
