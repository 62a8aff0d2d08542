"""Faults on demand: end the process, or fail, at the N-th operation on a file, to test every moment at which it may.

``DL_CRASH_AT=12`` ends the process just before its twelfth operation. ``DL_FAIL_AT=12:ENOSPC`` lets that one fail with
the error of a full disk, ``DL_FAIL_AT=12+:EIO`` that one and all later ones. Operations are those of `dl.files`.
Source: the crash tests of SQLite, "How SQLite is tested", section 3.
"""

import errno
import os
import re
from collections.abc import Callable

from dl.errors import BadOption
from dl.exit_codes import CRASHED

CRASH_AT, FAIL_AT = "DL_CRASH_AT", "DL_FAIL_AT"


class Faults:
    """The operations of this process so far.

    Attributes:
        done: Their number.
    """

    def __init__(self) -> None:
        self.done = 0

    def before(self, half: Callable[[], object] | None = None) -> None:
        """Count an operation that is about to be done, and end or fail it on demand.

        Args:
            half: Does half of it, as a full disk and a crash leave it.

        Raises:
            OSError: As ``$DL_FAIL_AT`` asks for.
            BadOption: If that cannot be read.
        """
        self.done += 1
        crash, number = os.environ.get(CRASH_AT) == str(self.done), self._error()
        if half is not None and (crash or number):
            half()
        if crash:
            os._exit(CRASHED)
        if number:
            raise OSError(number, os.strerror(number))

    def _error(self) -> int:
        """Return the number of the error with which this operation fails; 0 for none."""
        asked = os.environ.get(FAIL_AT, "")
        if not asked:
            return 0
        match = re.fullmatch(r"(\d+)(\+?):([A-Z]+)", asked)
        number: int | None = getattr(errno, match[3], None) if match else None
        if match is None or number is None:
            raise BadOption(f"{FAIL_AT}={asked!r}: expected the number of an operation and an error, like 12:ENOSPC")
        at = int(match[1])
        return number if self.done == at or (match[2] and self.done > at) else 0


FAULTS = Faults()
