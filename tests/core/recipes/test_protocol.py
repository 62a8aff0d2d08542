import pytest

from dl.errors import BadOption
from dl.recipes.protocol import Protocol, choose_protocol, parse_protocol, protocol_of

FORMS = {
    "holdout": Protocol("holdout"),
    "kfold:4": Protocol("kfold", 4),
    "iterated-kfold:4x3": Protocol("iterated-kfold", 4, 3),
    "repeated-holdout:5": Protocol("repeated-holdout", rounds=5),
}


@pytest.mark.parametrize("text", FORMS)
def test_a_protocol_reads_as_it_is_written(text):
    assert parse_protocol(text) == FORMS[text]
    assert str(FORMS[text]) == text


def test_the_fits_of_a_protocol_are_folds_times_rounds():
    assert [one.fits for one in FORMS.values()] == [1, 4, 12, 5]


def test_a_fit_has_a_place_in_a_round():
    assert [FORMS["iterated-kfold:4x3"].place(fold) for fold in (1, 4, 5, 12)] == [(0, 0), (0, 3), (1, 0), (2, 3)]
    assert [FORMS["repeated-holdout:5"].place(fold) for fold in (1, 5)] == [(0, 0), (4, 0)]


@pytest.mark.parametrize(
    "text", ["", "kfold", "kfold:", "kfold:4x3", "4", "loo", "holdout:2", "iterated-kfold:4", "KFOLD:4"]
)
def test_what_is_no_protocol_is_refused_with_the_forms(text):
    with pytest.raises(BadOption, match=r"expected holdout, kfold:4, iterated-kfold:4x3 or repeated-holdout:5"):
        parse_protocol(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("kfold:1", "one fold leaves nothing"),
        ("repeated-holdout:0", "0 fits"),
        ("iterated-kfold:100x100", "10,000 fits"),
    ],
)
def test_too_few_folds_and_too_many_fits_are_refused(text, reason):
    with pytest.raises(BadOption, match=reason):
        parse_protocol(text)


def test_the_protocol_follows_the_number_of_examples():
    chosen = {n: str(choose_protocol(n, n, timed=False)[0]) for n in (80, 999, 1_000, 9_999, 10_000)}
    assert chosen == {
        80: "iterated-kfold:4x3",
        999: "iterated-kfold:4x3",
        1_000: "kfold:4",
        9_999: "kfold:4",
        10_000: "holdout",
    }


def test_a_rare_class_has_no_more_folds_than_members_and_times_are_not_shuffled():
    assert str(choose_protocol(80, 3, timed=False)[0]) == "iterated-kfold:3x3"
    assert str(choose_protocol(80, 1, timed=False)[0]) == "repeated-holdout:4"
    assert str(choose_protocol(80, 80, timed=True)[0]) == "kfold:4"


def test_a_recipe_without_a_protocol_is_a_holdout():
    assert protocol_of({}) == (Protocol("holdout"), 0)
    assert protocol_of({"protocol": "kfold:4", "fold": 2}) == (Protocol("kfold", 4), 2)
