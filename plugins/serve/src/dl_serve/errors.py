"""Errors of requests, and the status of HTTP that each of dl's errors has. A message is one line."""

from __future__ import annotations

from dl.errors import BadData, BadOption, BadRun, DLError, UnknownName, is_out_of_memory


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
    return 400 if isinstance(error, (BadData, BadOption, BadRun)) else 500


def line_of(error: BaseException) -> str:
    """Return the line that a client is given; of an error of dl's own nothing but its kind."""
    if isinstance(error, DLError):
        return " ".join(str(error).split())
    if is_out_of_memory(error):
        return "out of memory; send less at once"
    return f"an error in dl: {type(error).__name__}"
