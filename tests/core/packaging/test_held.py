"""Held packages stay as they are: the versions of this environment, unless one is to be replaced by name."""

from importlib.metadata import version
from pathlib import Path

import pytest

from dl.errors import BadOption
from dl.packaging.held import HELD, constraint, held, refusal


def test_each_held_package_is_the_one_that_is_installed_unless_it_may_be_replaced():
    assert held() == {name: version(name) for name in HELD}
    assert set(held(["torch"])) == {*HELD} - {"torch"}
    with pytest.raises(BadOption, match=r"--replace scipy: only torch, lightning, numpy are held"):
        held(["torch", "scipy"])


def test_the_constraint_holds_the_lines_and_is_gone_afterwards():
    with constraint(["torch==2.0", "numpy==1.0"]) as words:
        flag, path = words
        assert flag == "--constraint" and Path(path).read_text() == "torch==2.0\nnumpy==1.0\n"
    assert not Path(path).exists()
    with constraint([]) as words:
        assert words == []


def test_an_installation_that_leaves_them_is_not_refused():
    versions = {"torch": "2.0", "numpy": "1.0"}
    assert refusal("timm", [], versions, {"timm": "1.0"}) == ""
    assert refusal("timm", [], versions, {"torch": "2.0"}) == ""


def test_one_that_would_replace_them_is_told_with_what_to_type():
    line = refusal("a b", ["-U"], {"torch": "2.0", "numpy": "1.0"}, {"torch": "2.1", "numpy": "2.0"})
    assert "would replace torch 2.0 by torch 2.1 and numpy 1.0 by numpy 2.0; nothing was installed" in line
    assert line.endswith("dl install -U 'a b' --replace torch --replace numpy")
