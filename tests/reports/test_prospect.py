"""Checks of a report on data that nobody trained on: they agree with those of a run on the same split."""

import numpy as np
import pytest
from PIL import Image

import dl
from dl_reports.registry import OWN


@pytest.fixture
def films(tmp_path):
    """A folder of two classes of 20 films, each of 8 nearly equal frames."""
    rng = np.random.default_rng(0)
    for film in range(40):
        scene = rng.integers(0, 200, (12, 12), np.uint8)
        for frame in range(8):
            path = tmp_path / "films" / "ab"[film % 2] / f"film{film:02}_{frame:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(scene + rng.integers(0, 6, (12, 12), np.uint8)).save(path)
    return tmp_path / "films"


def test_frames_of_films_are_found_by_name_and_by_sight_and_both_name_the_command(films):
    found = dl.check("vision", str(films))
    command = f"dl fit vision {films} group_on=name"
    issues = [(one.code, one.evidence["share"], one.next) for one in found.findings if one.severity == "issue"]
    assert issues == [("data-groups-in-sight", 1.0, command), ("data-near-duplicates", 1.0, command)]
    kept = dl.check("vision", str(films), group_on="name")
    assert [one.code for one in kept.findings] == ["data-small-validation"]
    assert kept.findings[0].message.startswith("8 validation groups leave a share right of one half uncertain by 28")
    assert kept.findings[0].next.startswith(f"dl cv vision {films} group_on=name protocol=")


def test_a_shift_between_parts_that_the_data_brings_is_found(monkeypatch):
    rng = np.random.default_rng(0)
    frame = {"x": rng.normal(size=400), "when": np.arange(400.0), "y": rng.integers(0, 2, 400)}
    frame["x"][320:] += 3  # the newest are held out
    import pyarrow as pa

    found = dl.check("tabular", pa.table(frame), target="y", time_on="when")
    assert [one.code for one in found.findings if one.severity != "note"] == ["data-input-shift"]
    assert "the order of time" in found.clean and "groups in names" not in found.clean


def test_every_check_that_needs_no_fit_is_one_of_dl():
    from dl_reports.prospect import GUARDS, OF_INPUTS

    codes = {code for code, *_ in OWN}
    assert set(OF_INPUTS) <= codes and set(GUARDS) <= set(OF_INPUTS)
