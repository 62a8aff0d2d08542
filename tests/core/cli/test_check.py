"""dl check: findings worst first, what is clean, and an exit code that a script can read."""

import numpy as np
import pytest


@pytest.fixture
def disguised(tmp_path):
    """A table with a column that is the target under other names, and one of noise."""
    level = np.random.default_rng(0).integers(0, 3, 300)
    rows = [
        f"{x:.4f},{'pqr'[k]},{'abc'[k]}" for x, k in zip(np.random.default_rng(1).normal(size=300), level, strict=True)
    ]
    path = tmp_path / "levels.csv"
    path.write_text("\n".join(["x,code,level", *rows]) + "\n")
    return path.name


def test_a_leak_has_its_code_its_command_and_an_exit_code(dl_run, disguised):
    answer = dl_run("check", disguised, "--target", "level", "--fail-on", "issue")
    assert answer.code == 1
    lines = [line.strip() for line in answer.out.splitlines()]
    assert lines[0] == "levels: 240 to train on, 60 for validation, stratified hold-out, seed 0"
    assert "! data-target-in-disguise" in lines
    assert f"next: dl fit tabular {disguised} target=level leave_out=code" in lines
    assert "checked: row counters, groups in names, exact duplicates" in answer.out
    again = dl_run("check", "tabular", disguised, "--target", "level", "leave_out=code", "--fail-on", "issue", "--json")
    assert again.code == 0 and {one["severity"] for one in again.json["findings"]} <= {"tip", "note"}
    assert "columns that are the target" in again.json["clean"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("digits", "--fail-on", "isue"), "--fail-on 'isue': expected issue or tip; did you mean 'issue'?"),
        (("digits", "seed=3"), "seed=3 is a flag here  type: --seed 3"),
        (("vision", "digits", "--ignore", "nosuch"), "no finding code 'nosuch'  see: dl explain"),
    ],
)
def test_a_mistake_is_one_line(dl_run, words, line):
    answer = dl_run("check", *words)
    assert answer.code == 2 and line in answer.err
