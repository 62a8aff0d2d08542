import json
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.stored import from_json, need_whole, seal_text


@dataclass(frozen=True)
class Inner:
    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Outer:
    count: int
    share: float
    sure: bool
    inner: tuple[Inner, ...]
    loss: float | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
INNER = st.builds(Inner, st.text(), st.lists(st.integers(), max_size=3).map(tuple))
OUTER = st.builds(
    Outer,
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.lists(INNER, max_size=3).map(tuple),
    st.none() | st.floats(allow_nan=False),
    st.dictionaries(st.text(), ANY, max_size=3),
)


@given(OUTER)
def test_a_value_is_read_as_it_was_written(value):
    assert from_json(json.dumps(asdict(value)), Outer) == value


def test_a_number_that_is_none_and_a_path_that_is_no_unicode_are_read():
    (share,) = from_json("[NaN]", tuple[float])
    assert math.isnan(share)
    assert from_json('{"caf\\udce9": -Infinity}', dict[str, Any]) == {"caf\udce9": -math.inf}


def test_keys_that_a_later_dl_added_are_passed_over():
    text = '{"name": "a", "shape": [], "colour": "red"}'
    assert from_json(text, Inner) == from_json(text.encode(), Inner) == Inner("a", ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value"),
        ("[" * 100_000, "it is nested too deeply"),
        (b"\xff", "invalid start byte"),
        ("[]", "Expected `object`, got `array`"),
        ('{"name": "a"}', "missing required field `shape`"),
        ('{"name": 3, "shape": []}', r"Expected `str`, got `int` - at `\$\.name`"),
        ('{"name": "a", "shape": [1, true]}', r"Expected `int`, got `bool` - at `\$\.shape\[1\]`"),
        ('{"name": "a", "shape": [1.0]}', r"Expected `int`, got `float` - at `\$\.shape\[0\]`"),
    ],
)
def test_what_is_not_of_the_type_is_refused_with_its_path(text, said):
    with pytest.raises(ValueError, match=said):
        from_json(text, Inner)


def test_importing_the_readers_of_runs_imports_no_msgspec():
    code = "import sys, dl.runs.run, dl.runs.ledger; print('msgspec' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_an_object_with_a_checksum_is_refused_where_a_byte_of_it_has_changed():
    text = seal_text({"trials": [{"score": 0.5, "low": float("-inf")}], "name": "é"}).encode()
    need_whole(text)
    need_whole(b'{"trials": []}')  # of an earlier dl
    key = text.index(b'"seal"')
    for at in {*range(len(text))} - {*range(key, key + len(b'"seal"'))}:
        changed = text[:at] + bytes([text[at] ^ 2]) + text[at + 1 :]
        with pytest.raises(ValueError, match=r"."):
            need_whole(changed)
            pytest.fail(f"{changed!r} passes") if json.loads(changed) != json.loads(text) else need_whole(b"[]")
