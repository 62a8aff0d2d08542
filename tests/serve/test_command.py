import pytest

from dl.errors import BadOption
from dl_serve.command import SERVE, serve


def test_the_help_has_three_examples_and_a_short_first_line():
    assert SERVE.count("Example: dl serve") == 3
    assert len(SERVE.splitlines()[0]) <= 62


def test_an_impossible_limit_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(BadOption, match="--max-rows 0"):
        serve(["last"], runs=tmp_path, max_rows=0)
