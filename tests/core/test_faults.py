import errno
import os

import pytest

from dl.errors import BadOption
from dl.faults import FAIL_AT, Faults


def failing(monkeypatch, asked):
    """The numbers of the first five operations that fail, as asked, and their errors."""
    monkeypatch.setenv(FAIL_AT, asked)
    faults, found = Faults(), {}
    for number in range(1, 6):
        try:
            faults.before()
        except OSError as error:
            found[number] = error.errno
    return found


def test_one_operation_fails_or_all_from_one_on(monkeypatch):
    assert failing(monkeypatch, "") == {}
    assert failing(monkeypatch, "2:ENOSPC") == {2: errno.ENOSPC}
    assert failing(monkeypatch, "4+:EIO") == {4: errno.EIO, 5: errno.EIO}


def test_half_of_an_operation_is_done_before_it_fails_and_of_others_none(monkeypatch):
    monkeypatch.setenv(FAIL_AT, "2:ENOSPC")
    faults, done = Faults(), []
    faults.before(lambda: done.append(1))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        faults.before(lambda: done.append(2))
    assert done == [2]


@pytest.mark.parametrize("asked", ["soon", "3", "3:ENOTHING", ":EIO"])
def test_a_demand_that_cannot_be_read_is_one_line(monkeypatch, asked):
    with pytest.raises(BadOption, match="expected the number of an operation and an error, like 12:ENOSPC"):
        failing(monkeypatch, asked)
