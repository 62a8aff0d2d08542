"""Where a study of several machines is kept: optuna's journal in a shared file, or a database by its URL.

Nothing here imports optuna or a driver before a storage is opened. A password is never printed or written.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit, urlunsplit

from filelock import FileLock

from dl import files
from dl.errors import BadOption, InstallFailed
from dl.version import CORE

DRIVERS = {  # of each database: SQLAlchemy's name of the driver, its module, and what to install
    "postgresql": ("psycopg", "psycopg", f"'{CORE}[storage]'"),
    "mysql": ("pymysql", "pymysql", "pymysql"),
}
EXPECTED = "expected a file such as study.log, or postgresql://USER@HOST/NAME or mysql://USER@HOST/NAME"
SECRET = ("password", "passwd", "sslpassword", "passfile")  # in the query of a URL
HIDDEN = "***"


class JournalLock:
    """The lock of a journal, which ends with its process; after a kill, optuna's own would wait for half a minute.

    Whoever acquires it removes a last line that a kill cut off, which would spoil the next one.

    Args:
        path: Of the journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.held = FileLock(path.parent / f".{path.stem}.lock")

    def acquire(self) -> bool:
        """Wait for the lock; a journal that has gone, as with a folder of the network, is not begun anew."""
        self.path.stat()
        self.held.acquire(poll_interval=0.01)
        mend_journal(self.path)
        return True

    def release(self) -> None:
        """Give the lock back."""
        self.held.release()


def open_journal(path: Path) -> Any:  # Any: optuna's storage
    """Open a journal, and make it if there is none."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    lock: Any = JournalLock(path)  # Any: optuna's base class of locks is private
    with lock.held:
        mend_journal(path)
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


def mend_journal(path: Path) -> None:
    """Remove a last line that a kill cut off."""
    if not path.exists() or not path.stat().st_size:
        return
    files.cut_torn_line(path)


@dataclass(frozen=True)
class Place:
    """A storage as it was typed.

    Args:
        typed: A file or a URL, which may hold a password.
    """

    typed: str

    @classmethod
    def parse(cls, typed: str) -> Place:
        """Check what was typed.

        Raises:
            BadOption: If it is neither a file nor the URL of a known kind of database.
            InstallFailed: If the driver is not installed.
        """
        place = cls(typed)
        if place.is_file:
            if "://" in typed or Path(typed).suffix != ".log":
                raise BadOption(f"--storage {place.shown}: {EXPECTED}")
            return place
        _, module, install = DRIVERS[place._kind]
        if importlib.util.find_spec(module) is None:
            raise InstallFailed(f"--storage {place.shown} needs {module}  install it: pip install {install}")
        return place

    @property
    def _kind(self) -> str:
        return self.typed.partition("://")[0].partition("+")[0].lower()

    @property
    def is_file(self) -> bool:
        """Whether it is a file."""
        return "://" not in self.typed or self._kind not in DRIVERS

    @property
    def is_away(self) -> bool:
        """Whether it is a file that has gone."""
        return self.is_file and not Path(self.typed).exists()

    @property
    def shown(self) -> str:
        """The storage without its passwords."""
        if "://" not in self.typed:
            return self.typed
        try:
            parts = urlsplit(self.typed)
        except ValueError:
            return f"{self._kind}://{HIDDEN}"
        user, at, host = parts.netloc.rpartition("@")
        name, colon, _ = user.partition(":")
        pairs = [f"{key}={HIDDEN if key.lower() in SECRET else value}" for key, value in _pairs(parts.query)]
        netloc = f"{name}{f':{HIDDEN}' if colon else ''}{at}{host}"
        return urlunsplit((parts.scheme, netloc, parts.path, "&".join(pairs), ""))

    def without_secrets(self, text: str) -> str:
        """Return a message of a driver in one line, without the passwords."""
        if "://" not in self.typed:
            return " ".join(text.split())
        parts = urlsplit(self.typed)
        _, _, password = parts.netloc.rpartition("@")[0].partition(":")
        secrets = [password, *(value for key, value in _pairs(parts.query) if key.lower() in SECRET)]
        for secret in filter(None, [self.typed, *secrets, *map(unquote, secrets), *map(unquote_plus, secrets)]):
            text = text.replace(secret, self.shown if secret == self.typed else HIDDEN)
        return " ".join(text.split())

    def open(self) -> Any:  # Any: optuna's storage
        """Open the storage.

        Raises:
            CannotWrite: If the folder of a file is not there.
        """
        if self.is_file:
            path = Path(self.typed)
            with files.explain_write_errors(path):
                path.absolute().parent.stat()
                return open_journal(path.absolute())
        from optuna.storages import RDBStorage

        driver = DRIVERS[self._kind][0]
        _, _, rest = self.typed.partition("://")
        return RDBStorage(f"{self._kind}+{driver}://{rest}", engine_kwargs={"pool_pre_ping": True})


def _pairs(query: str) -> list[tuple[str, str]]:
    """Return the options in a query as they are typed, still quoted."""
    return [(key, value) for key, _, value in (one.partition("=") for one in query.split("&") if one)]


def errors_of_storage() -> tuple[type[Exception], ...]:
    """Return the errors of a storage that may be back in a minute."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    return (OSError, SQLAlchemyError, StorageInternalError)
