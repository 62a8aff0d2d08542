"""Errors of requests, and the status of HTTP that each of dl's errors has. A message is one line."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from dl.errors import BadData, BadOption, BadRun, DLError, UnknownName, is_out_of_memory

LONGEST = 1_000  # signs of a line
UNKNOWN = 500  # the status of an error in dl


class Refused(DLError):
    """A request that is not answered.

    Args:
        status: Of HTTP.
        message: As for every error.
        retry: Seconds after which to try again; 0 for never.
    """

    def __init__(self, status: int, message: str, retry: int = 0) -> None:
        super().__init__(message)
        self.status, self.retry = status, retry


def status_of(error: BaseException) -> int:
    """Return the status of HTTP of an error: 4xx if another request would be answered, else 5xx."""
    if isinstance(error, Refused):
        return error.status
    if is_out_of_memory(error):
        return 413
    if isinstance(error, UnknownName):
        return 404
    return 400 if isinstance(error, (BadData, BadOption, BadRun)) else UNKNOWN


def line_of(error: BaseException) -> str:
    """Return the line that a client is given; of an error of dl's own nothing but its kind."""
    if isinstance(error, DLError):
        line = " ".join(str(error).split())
        return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."  # as with the names of 10,000 columns
    if is_out_of_memory(error):
        return "out of memory; send less at once"
    return f"an error in dl: {type(error).__name__}"


def place_of(error: BaseException) -> str:
    """Return the kind of an error and its place in the code, without its words, which may hold what was sent."""
    steps = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(steps[-1].filename).name}:{steps[-1].lineno}" if steps else ""
    return f"{type(error).__name__}{place}"


def report(error: BaseException) -> None:
    """Print an error of dl's own for whoever runs the service, in one line."""
    print(f"dl serve: an error in dl: {place_of(error)}", file=sys.stderr, flush=True)
