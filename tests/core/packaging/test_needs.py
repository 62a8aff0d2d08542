"""Requirements of dl, of its plugins and of all that these require: which hold, and which new versions would break."""

import pytest

from dl.packaging.needs import Need, broken_by, closure, needs_of_dl, unmet_needs


@pytest.mark.parametrize(
    ("specifier", "here", "met"),
    [(">=15,<16", "15.1", True), (">=15", "9.0", False), ("", "1", True), ("", "", False), (">=1", "2rc1", True)],
)
def test_a_requirement_is_met_by_a_version_in_its_range(specifier, here, met):
    assert Need("a 1", "b", specifier, here).met is met


def test_only_what_holds_now_can_be_broken():
    needs = [
        Need("a 1", "rich", ">=15", "15.0"),
        Need("b 1", "rich", "<15", "15.0"),
        Need("c 1", "numpy", ">=2", "2.4"),
    ]
    assert broken_by({"rich": "9.0"}, needs) == needs[:1] and broken_by({"rich": "16"}, needs) == []


def test_the_requirements_of_this_environment_are_met_and_reach_through_its_plugins(site):
    assert unmet_needs() == []
    named = {(need.by.split()[0], need.name) for need in needs_of_dl()}
    core = "dl-workbench-core"
    assert {(core, "torch"), (core, "rich"), ("lightning", "torch"), ("torch", "sympy")} <= named
    site.add("eager", "", requires=["rich<1", "nowhere>=2", "numpy; extra == 'more'"])
    assert [str(need) for need in unmet_needs()] == ["dist-eager 1.0 needs rich<1", "dist-eager 1.0 needs nowhere>=2"]
    assert "rich" in closure(["dist_eager"])
