"""Next commands, typed one after the other: none leads back to a fit that was made before, and none is refused."""

import shlex

import numpy as np
import pytest

STEPS = 5


def survey(rng):
    """Five questions of few answers, whose rows repeat, and a disease that two of them tell in part."""
    answers = rng.integers(1, 4, (300, 5))
    ill = rng.random(300) < 0.2 + 0.25 * (answers[:, 0] == 3) + 0.25 * (answers[:, 1] == 1)
    return "a,b,c,d,e,target", np.column_stack([answers, ill.astype(int)])


def rare(rng):
    """Two percent of a class, which one column tells in part."""
    found = rng.random(800) < 0.02
    return "x,z,target", np.column_stack([rng.normal(size=800) + 2 * found, rng.normal(size=800), found.astype(int)])


def repeated(rng):
    """Patients with ten rows each, whose label is a coin."""
    patient = np.repeat(np.arange(30), 10)
    label = rng.integers(0, 2, 30)[patient]
    return "patient,x,target", np.column_stack([patient, rng.normal(size=300).round(3), label])


@pytest.mark.parametrize("draw", [survey, rare, repeated], ids=lambda draw: draw.__name__)
def test_five_next_commands_do_not_lead_in_a_circle(dl_run, tmp_path, monkeypatch, draw):
    monkeypatch.chdir(tmp_path)
    head, rows = draw(np.random.default_rng(0))
    np.savetxt("data.csv", rows, "%g", ",", header=head, comments="")
    command = ["fit", "tabular", "data.csv", "--target", "target", "epochs=2"]
    typed = []
    while command and len(typed) < STEPS:
        assert command not in typed, typed
        typed.append(command)
        done = dl_run(*command)
        assert done.code == 0, done.err
        suggested = [shlex.split(finding["next"]) for finding in dl_run("report", "last", "--json").json["findings"]]
        command = next((words[1:] for words in suggested if words[:2] == ["dl", "fit"]), [])
    assert len(typed) > 1 or not command
