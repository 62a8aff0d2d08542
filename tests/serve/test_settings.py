from pathlib import Path

import pytest

from dl.errors import BadOption
from dl_serve.settings import Settings, parse_runs, read_token


def test_another_host_than_this_machine_needs_a_token():
    with pytest.raises(BadOption, match="--token-file"):
        Settings(parse_runs(["last"]), Path("runs"), host="0.0.0.0")
    assert Settings(parse_runs(["last"]), Path("runs"), host="0.0.0.0", token="x" * 16).port == 8000


def test_runs_have_names_of_their_own():
    assert [(one.name, one.which) for one in parse_runs(["digits=3", "last"])] == [("digits", "3"), ("last", "last")]
    with pytest.raises(BadOption, match="two runs are named 'a'"):
        parse_runs(["a=1", "a=2"])


def test_a_short_token_is_refused():
    with pytest.raises(BadOption, match="16 or more signs"):
        read_token(None, {"DL_SERVE_TOKEN": "short"})
