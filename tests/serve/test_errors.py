from dl.errors import BadData, UnknownName
from dl_serve.errors import Refused, line_of, status_of


def test_each_error_has_a_status_and_an_error_of_dl_itself_tells_its_kind_alone():
    errors = (Refused(408, "slow"), BadData("bad"), UnknownName("none"), MemoryError(), KeyError("secret"))
    assert [status_of(error) for error in errors] == [408, 400, 404, 413, 500]
    assert line_of(errors[-1]) == "an error in dl: KeyError"
