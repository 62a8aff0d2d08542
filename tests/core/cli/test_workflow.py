"""dl workflow: one line for a mistake; a whole one runs in tests/core/stages and tests/program."""

import pytest


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("tabular", "wine", "--max-time", "3s"),
            "--max-time 3s: a workflow takes at least 10s; give it more, or no --max-time",
        ),
        (("tabular", "wine", "--max-time", "soon"), "expected a time such as 20m, 1h30m or 90s"),
        (("tabular", "wine", "--on-leak", "sto"), "--on-leak sto: expected stop, warn or fix; did you mean 'stop'"),
        (("tabular", "wine", "seed=1"), "seed=1 is a flag here  type: --seed 1"),
        (("--resume", "7"), "no workflow '7' in 'runs'"),
        (("tabular", "wine", "--resume", "7"), "leave domain, data out"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_run(dl_run, tmp_path, words, line):
    answer = dl_run("workflow", *words)
    assert answer.code == 2 and line in answer.err and len(answer.err.splitlines()) == 1
    assert not list((tmp_path / "runs").glob("*"))
