"""Exit codes: one table, from which errors and signals have theirs."""

import signal

from dl import errors
from dl.exit_codes import DONE, TABLE, of_signal


def test_every_error_ends_with_a_code_of_the_table():
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.DLError)]
    known = {one.code for one in TABLE}
    assert len(kinds) > 10 and {kind.exit_code for kind in kinds} < known


def test_codes_and_names_are_listed_once():
    assert len({one.code for one in TABLE}) == len({one.name for one in TABLE}) == len(TABLE)


def test_a_signal_ends_with_128_and_its_number_as_in_a_shell():
    assert [of_signal(one) for one in (0, signal.SIGINT, signal.SIGTERM)] == [DONE, 130, 143]
