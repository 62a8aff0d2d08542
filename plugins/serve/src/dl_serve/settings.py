"""The choices of a service: its runs, its address, its limits and its token. Nothing heavy is imported here."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dl import regular
from dl.errors import BadOption

TOKEN = "DL_SERVE_TOKEN"  # the variable of the environment
FEWEST_SIGNS = 16  # of a token
LONGEST_TOKEN = 4096  # bytes of its file
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
LAST = "last"
BODIES = 8  # of the largest size, that are held at once


@dataclass(frozen=True)
class Limits:
    """What one request, and all at once, may ask for.

    Args:
        size: Bytes of the body of a request.
        pixels: Of all images of a request together.
        rows: Inputs of a request.
        seconds: For a request to arrive, and again for its answer.
        waiting: Requests that are read, wait or are computed at once.
        batch: Inputs that the network is given at once.
        connections: Open at once.
        idle: Seconds that a connection may take to send the headers of a request, or not to read a response.
    """

    size: int = 16 << 20
    pixels: int = 25_000_000
    rows: int = 10_000
    seconds: float = 30.0
    waiting: int = 128
    batch: int = 256
    connections: int = 512
    idle: float = 10.0

    @property
    def held(self) -> int:
        """Bytes of the bodies of all requests at once."""
        return BODIES * self.size

    @property
    def numbers(self) -> int:
        """Numbers that the inputs of a request become for the network."""
        return 4 * self.pixels

    def __post_init__(self) -> None:
        for name, flag in (("size", "max-bytes"), ("pixels", "max-pixels"), ("rows", "max-rows"), ("batch", "batch")):
            if getattr(self, name) < 1:
                raise BadOption(f"--{flag} {getattr(self, name)}: expected 1 or more")
        if not 0 < self.seconds < float("inf"):
            raise BadOption(f"--timeout {self.seconds:g}: expected seconds above 0")
        if self.waiting < 1:
            raise BadOption(f"--queue {self.waiting}: expected 1 or more")


@dataclass(frozen=True)
class Wanted:
    """A run as it was asked for.

    Args:
        name: Under which it is served.
        which: Its path, name, number, or ``last``.
    """

    name: str
    which: str


@dataclass(frozen=True)
class Settings:
    """A service.

    Args:
        wanted: Its runs; the first answers where none is named.
        runs: Folder of run folders.
        host: To listen on.
        port: Likewise; 0 takes a free one.
        token: That requests have to bring; empty for none.
        limits: Of requests.
    """

    wanted: tuple[Wanted, ...]
    runs: Path
    host: str = "127.0.0.1"
    port: int = 8000
    token: str = field(default="", repr=False)
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not self.token and not is_loopback(self.host):
            raise BadOption(
                f"--host {self.host} lets other machines in, and there is no token  give one: --token-file FILE, or "
                f"the variable {TOKEN}"
            )
        if not 0 <= self.port < 1 << 16:
            raise BadOption(f"--port {self.port}: expected 0 to 65535")


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a host."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def parse_runs(words: Sequence[str]) -> tuple[Wanted, ...]:
    """Read runs as they are typed: ``RUN`` or ``NAME=RUN``.

    Raises:
        BadOption: If a name cannot stand in an address, or stands for two runs.
    """
    found: dict[str, Wanted] = {}
    for word in words:
        one = _parse(word)
        if not NAME.fullmatch(one.name):
            raise BadOption(f"{one.name!r} cannot stand in an address  name the run: NAME={one.which}")
        if one.name in found:
            raise BadOption(f"two runs are named {one.name!r}  name one: NAME={one.which}")
        found[one.name] = one
    return tuple(found.values())


def _parse(word: str) -> Wanted:
    name, equals, which = word.partition("=")
    if equals and not os.path.exists(word):  # noqa: PTH110 - False for an impossible path
        return Wanted(name, which)
    return Wanted(Path(word).name if os.sep in word else word, word)


def read_token(path: Path | None, environment: Mapping[str, str]) -> str:
    """Return the token of a file, else of the environment; empty where there is neither.

    Raises:
        BadOption: If the file cannot be read, or the token is short or holds blanks.
    """
    if path is None:
        return _checked(environment[TOKEN], TOKEN) if TOKEN in environment else ""
    try:
        with regular.open_regular(str(path)) as stream:
            content = stream.read(LONGEST_TOKEN + 1)
        token = content.decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadOption(f"--token-file {str(path)!r} cannot be read: {error}") from error
    return _checked(token, f"--token-file {str(path)!r}")


def _checked(token: str, where: str) -> str:
    """Refuse a token that can be guessed, or that no header can hold.

    Raises:
        BadOption: Without the token.
    """
    plain = all("!" <= sign <= "~" for sign in token)
    if not FEWEST_SIGNS <= len(token) <= LONGEST_TOKEN or not plain:
        raise BadOption(
            f"{where} holds no token of {FEWEST_SIGNS} or more signs without blanks  "
            'make one: python -c "import secrets; print(secrets.token_urlsafe())"'
        )
    return token
