"""The errors of dl: one tree, one line each, one exit code each.

A message gives the request, the fault and the remedy; the command line prints it unchanged.
"""

import difflib
from collections.abc import Iterable, Mapping


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory of the host or of a device is used up; torch is not imported for the question."""
    of_torch = type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
    return isinstance(error, MemoryError) or of_torch


class DLError(Exception):
    """The root of the tree: a mistake of the user, with the exit code of the command line."""

    exit_code = 2


class UnknownName(DLError):
    """A name that is not registered: a domain, data set, model, recipe or run."""


class BadOption(DLError):
    """An option that does not exist, or a value that does not fit it."""


class BadRecipe(DLError):
    """A recipe file that cannot be read, or holds no recipe."""


class BadData(DLError):
    """Data that cannot be trained on or scored."""

    exit_code = 3


class DifferentSizes(BadData):
    """Inputs of several sizes, where all must be of one.

    Args:
        message: As for every error.
        remedy: Options of reading, and their values, that bring them to one size for a glance.
    """

    def __init__(self, message: str, remedy: Mapping[str, int] | None = None) -> None:
        super().__init__(message)
        self.remedy = dict(remedy or {})


class BadFile(BadData):
    """A file that cannot be read in its expected format, named in the message."""


class BadNetwork(BadOption):
    """A network that cannot be built or does not fit, or a model file that cannot be run."""


class BadRun(DLError):
    """A run folder, or a file in one, that is foreign, incomplete or of an unknown version."""


class DamagedRun(BadRun):
    """A file of a run is missing, or is not what was written."""


class CannotWrite(DLError):
    """A place that cannot be written: no permission, no space, not a folder."""


class BadDevices(DLError):
    """Devices, an accelerator or a strategy that this machine does not have."""


class PluginFailed(DLError):
    """A plugin could not be loaded, or registered an invalid specification."""

    exit_code = 4


class InstallFailed(PluginFailed):
    """A distribution could not be installed, removed or locked."""


class TrainingFailed(DLError):
    """Training stopped on its own: the loss was no longer a number."""

    exit_code = 1


class ProcessLost(TrainingFailed):
    """Another process of the fit has ended, or cannot be reached."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest choice, or an empty string."""
    matches = difflib.get_close_matches(name, list(choices), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def unknown(kind: str, name: str, choices: Iterable[str], see: str) -> UnknownName:
    """Build the error for an unregistered name: the nearest name and the command that lists all."""
    return UnknownName(f"no {kind} named {name!r}{nearest(name, choices)}  see: {see}")
