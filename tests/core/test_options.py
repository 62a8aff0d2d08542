import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.errors import BadOption
from dl.options import Option, Space, check, format_value, split_named, split_pairs, typed_named

WIDTH = Option("width", 32, "units", low=1, high=512)
RATE = Option("lr", 0.1, "rate", low=0.0)
DEEP = Option("deep", True, "whether")
POOL = Option("pool", "max", "which", choices=("max", "avg"))
ALL = (WIDTH, RATE, DEEP, POOL)
SHARE = Option("val", "auto", "how many", low=0.0, choices=("auto",), or_number=True)


def test_nothing_given_is_every_default():
    assert check(ALL, {}, "model") == {"width": 32, "lr": 0.1, "deep": True, "pool": "max"}


@pytest.mark.parametrize(
    ("option", "given_value", "value"),
    [
        (WIDTH, "64", 64),
        (WIDTH, 64.0, 64),
        (WIDTH, 1, 1),
        (WIDTH, 512, 512),
        (RATE, "1e-3", 0.001),
        (RATE, 1, 1.0),
        (DEEP, "off", False),
        (DEEP, "YES", True),
        (DEEP, False, False),
        (POOL, "avg", "avg"),
    ],
)
def test_a_value_that_fits_has_the_options_type(option, given_value, value):
    found = option.check(given_value, "model")
    assert found == value and type(found) is type(option.default)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        (WIDTH, "wide", "expected a whole number from 1 to 512"),
        (WIDTH, "1.5", "expected a whole number from 1 to 512"),
        (WIDTH, 1.5, "expected a whole number"),
        (WIDTH, True, "expected a whole number"),
        (WIDTH, 0, "from 1 to 512"),
        (WIDTH, 513, "from 1 to 512"),
        (WIDTH, "9" * 5000, "a whole number"),
        (WIDTH, 10**400, "a whole number"),
        pytest.param(WIDTH, 10**9000, "very long number", id="very long"),
        (WIDTH, None, "a whole number"),
        (WIDTH, [64], "a whole number"),
        (RATE, "nan", "expected a number, at least 0"),
        (RATE, "inf", "a number, at least 0"),
        (RATE, "-1", "a number, at least 0"),
        (DEEP, "maybe", "expected true or false"),
        (POOL, "mx", "one of max, avg; did you mean 'max'"),
        (SHARE, "atuo", "a number or auto, at least 0; did you mean 'auto'"),
        (SHARE, "-1", "a number or auto, at least 0"),
        (SHARE, "nan", "a number or auto"),
        (SHARE, True, "a number or auto"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_would(option, value, expected):
    with pytest.raises(BadOption, match=expected):
        option.check(value, "model net")


@pytest.mark.parametrize(("given_value", "value"), [("0.2", 0.2), (3, 3.0), ("auto", "auto"), (0, 0.0)])
def test_an_option_may_take_a_number_beside_its_words(given_value, value):
    found = SHARE.check(given_value, "split")
    assert found == value and type(found) is type(value)


def test_an_unknown_option_is_refused_with_the_nearest_and_all():
    with pytest.raises(BadOption, match=r"model has no option 'widht'; did you mean 'width'.*options: width, lr"):
        check(ALL, {"widht": 3}, "model")


@given(st.integers(1, 512))
def test_a_value_written_and_read_is_the_same_value(number):
    assert WIDTH.check(str(number), "model") == number


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()), st.sampled_from(ALL))
def test_whatever_is_given_fits_or_is_refused(value, option):
    try:
        found = option.check(value, "model")
    except BadOption:
        return
    assert type(found) is type(option.default)


def test_pairs_are_split_at_the_first_equals_sign():
    assert split_pairs(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}


@pytest.mark.parametrize("words", [["width"], ["=3"], ["a=1", "a=2"]])
def test_pairs_that_are_none_or_twice_are_refused(words):
    with pytest.raises(BadOption):
        split_pairs(words)


def test_a_path_is_kept_absolute_and_none_stays_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somewhere")
    folder = Option("data_dir", "", "where it lies", is_path=True)
    assert folder.check("reviews/../archive", "data") == f"{tmp_path}/archive"
    assert folder.check("~/archive", "data") == "/somewhere/archive"
    assert folder.check("/archive", "data") == "/archive" and folder.check("", "data") == ""


def test_units_are_searched_around_the_recipe_and_other_options_where_they_say_so():
    width = Option("width", 64, "units", units=True)
    assert width.searched == Space(0.25, 4.0, log=True, relative=True)
    own = Space(1, 3)
    assert Option("width", 2, "units", units=True, space=own).searched == own
    assert Option("depth", 2, "layers").searched is None


@pytest.mark.parametrize("given", [{"": 0.5}, {"rate": 0.25, "every": True}, {}, {"": "off"}])
def test_what_is_typed_after_reg_reads_as_it_was_given(given):
    read = split_named([typed_named("dropout", given)])
    assert {name: str(value) for name, value in read["dropout"].items()} == {
        name: format_value(value) for name, value in given.items()
    }
