import pytest

from dl import errors


def leaves(kind):
    below = kind.__subclasses__()
    return [kind, *(leaf for child in below for leaf in leaves(child))]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.TrainingFailed, 1),
        (errors.UnknownName, 2),
        (errors.BadOption, 2),
        (errors.BadRun, 2),
        (errors.BadRecipe, 2),
        (errors.CannotWrite, 2),
        (errors.NoAccess, 2),
        (errors.BadDevices, 2),
        (errors.BadData, 3),
        (errors.BadFile, 3),
        (errors.PluginFailed, 4),
    ],
)
def test_every_kind_of_error_has_its_exit_code(kind, code):
    assert kind.exit_code == code


def test_every_error_says_what_it_is_for():
    assert all(kind.__doc__ for kind in leaves(errors.DLError))


def test_the_nearest_name_is_offered_and_nothing_where_none_is_near():
    assert errors.nearest("minst", ["mnist", "cifar"]) == "; did you mean 'mnist'?"
    assert errors.nearest("zzz", ["mnist"]) == "" == errors.nearest("a", [])


def test_an_unknown_name_says_what_was_asked_what_is_near_and_where_to_look():
    error = errors.unknown("vision data set", "minst", ["mnist"], "dl ls datasets")
    assert str(error) == "no vision data set named 'minst'; did you mean 'mnist'?  see: dl ls datasets"


def test_a_place_that_may_not_be_used_is_named_and_other_errors_are_not_such_a_place():
    assert (
        errors.barred_place(PermissionError(13, "Permission denied", b"a\xff"))
        == "'a\\udcff' cannot be used: Permission denied"
    )
    assert errors.barred_place(FileNotFoundError(2, "No such file", "a")) == ""
    assert errors.barred_place(PermissionError("no place is named")) == errors.barred_place(ValueError("a")) == ""
