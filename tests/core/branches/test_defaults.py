"""Defaults of several kinds of input: how long to train by the rows, what to prepare by each domain's own."""

from dl.defaults import BranchFacts, DataFacts, FitFacts
from dl.plugins.loading import load_plugins

BRANCHES = (BranchFacts("review", "text", (), 90), BranchFacts("photo", "vision", (28, 28, 1)))
OPTIONS = {"epochs": 6, "batch_size": 64, "text_weights": "tf-idf", "depth": 1}


def chosen(train, val=100, branches=BRANCHES):
    facts = FitFacts(
        DataFacts(train + val, target="numbers", outputs=1, branches=branches), train, val, "branches", OPTIONS
    )
    return {one.name: one.value for one in load_plugins().domain("mixed").defaults(facts)}


def test_few_rows_are_seen_often_in_small_batches():
    found = chosen(400)
    assert found["batch_size"] == 16 and found["epochs"] == 36 and found["monitor"] == "loss"


def test_each_domain_chooses_how_its_own_branch_is_prepared():
    found = chosen(400)
    assert found["text_weights"] == "tf-idf-known" and found["ngrams"] == 1 and found["random-shift"] == 2
    assert "text_weights" not in chosen(400, branches=BRANCHES[1:])


def test_many_rows_need_none():
    assert "epochs" not in chosen(40_000, 10_000)
