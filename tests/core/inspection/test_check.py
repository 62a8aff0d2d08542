"""dl.check: the guards of a fit without the fit, on the split that it would make."""

import numpy as np
import pytest

import dl


def arrays(n=200, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (n, 4, 4), np.uint8), np.arange(n) % 2


def test_copies_that_a_split_parts_are_an_issue_with_their_share_and_what_they_do_to_a_score():
    inputs, targets = arrays()
    found = dl.check("vision", (np.tile(inputs, (2, 1, 1)), np.tile(targets, 2)), duplicates="ignore")
    (finding,) = [one for one in found.findings if one.severity == "issue"]
    assert finding.code == "data-duplicates-across-split"
    assert finding.evidence["share"] == finding.evidence["leaked"] / found.val > 0.5
    assert finding.evidence["effect"].startswith("accuracy is too high by up to ")
    assert finding.next == ""  # what is in memory cannot be typed


def test_the_split_is_that_of_a_fit(dl_run):
    checked = dl.check("tabular", "wine", seed=3, val=0.25)
    fitted = dl_run("fit", "tabular", "wine", "--seed", "3", "val=0.25", "--model", "linear", "--json")
    parts = dl.open_run(fitted.json["run"]).manifest.parts
    assert (checked.train, checked.val, checked.rule) == (parts.train, parts.val, parts.rule)


def test_ordinary_data_is_clean_and_says_what_was_looked_at():
    found = dl.check("vision", "digits")
    assert found.findings == () and found.unchecked == ()
    looked = ("exact duplicates", "conflicting targets", "near duplicates", "missing classes")
    assert found.clean == (*looked, "shift of the target", "shift of the inputs")
    assert (found.train, found.val) == (1156, 289)


def test_a_domain_is_recognized_and_a_code_can_be_left_out():
    found = dl.check(data="wine", ignore=["data-small-validation"])
    assert found.findings == () and "row counters" in found.clean and found.data == "wine"


def test_what_cannot_be_checked_is_one_line():
    with pytest.raises(dl.BadOption, match="needs data"):
        dl.check()
    with pytest.raises(dl.UnknownName, match="no data set, file or folder named 'digit'; did you mean 'digits'"):
        dl.check(data="digit")
    with pytest.raises(dl.BadOption, match="makes several splits"):
        dl.check("vision", "digits", protocol="kfold:4")
