"""Requests for predictions as nearly all are sent, read and answered without the layers that take any request.

The parser of HTTP and the application take a good part of the time of a pass of a small network. So a request whose
head is plain, and whose body comes whole and soon, is read here. Any other - with unusual headers, in chunks, too
large, too slow, from whoever may not ask - goes to the parser byte for byte as it came, and is refused there if need
be.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import Response

from dl_serve.app import GONE, answer, response_of, run_of
from dl_serve.errors import Refused
from dl_serve.guard import Guard
from dl_serve.service import Service

PLAIN = frozenset(
    {b"accept", b"accept-encoding", b"accept-language", b"authorization", b"connection", b"content-length"}
    | {b"content-type", b"host", b"origin", b"user-agent"}
)  # names of headers that change nothing of how a body is read
HEAD = re.compile(rb"POST (/[\w./-]{1,200}) HTTP/1\.1\r\n((?:[A-Za-z-]{1,40}:[ -~]{0,1000}\r\n){1,20})\r\n")
LARGEST = 1 << 18  # bytes of a body


@dataclass(frozen=True)
class Head:
    """The head of a usual request.

    Args:
        path: That is asked for.
        headers: By their names in lower case.
        length: Bytes of the head.
        size: Bytes of the body.
    """

    path: str
    headers: Mapping[bytes, bytes]
    length: int
    size: int


def read_head(data: bytes) -> Head | None:
    """Read the head with which data begins; None where it is not whole, or not plain."""
    found = HEAD.match(data)
    if found is None:
        return None
    lines = [line.partition(b":") for line in found[2].split(b"\r\n")[:-1]]
    headers = {name.lower(): value.strip() for name, _, value in lines}
    size = headers.get(b"content-length", b"")
    keeps = headers.get(b"connection", b"keep-alive").lower() == b"keep-alive"
    if len(headers) < len(lines) or not headers.keys() <= PLAIN or b"host" not in headers or not keeps:
        return None
    if not size.isdigit() or len(size) > len(str(LARGEST)) or not 0 < int(size) <= LARGEST:
        return None
    return Head(found[1].decode(), headers, found.end(), int(size))


@dataclass(frozen=True)
class Taken:
    """A usual request that is counted among those that wait, as its body is among those that are held.

    Args:
        name: Of the run that is asked.
        head: Of the request.
        begin: When its head came.
    """

    name: str
    head: Head
    begin: float


@dataclass(frozen=True, eq=False)
class Waiting:
    """A request that has come as a whole.

    Args:
        taken: The request.
        body: Of it.
        reply: Sends the response.
    """

    taken: Taken
    body: bytes
    reply: Callable[[Response], None]

    @property
    def kind(self) -> str:
        """The type of the body."""
        return self.taken.head.headers.get(b"content-type", b"").decode()


class Shortcut:
    """Takes usual requests, and answers them: those that have come together in one pass.

    Args:
        service: Whose requests these are.
        guard: Says who may ask.
    """

    def __init__(self, service: Service, guard: Guard) -> None:
        self._service, self._guard = service, guard
        self._waiting: list[Waiting] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, data: bytes) -> Taken | None:
        """Take the request with which data begins; None where it is not usual, or is to be refused."""
        head = read_head(data)
        name = None if head is None else run_of(head.path, self._service)
        if head is None or name is None or head.size > self._service.settings.limits.size:
            return None
        if self._guard.refusal(head.path, b"", head.headers.items()) is not None:
            return None
        begin = time.perf_counter()
        try:
            self._service.hold(head.size)
        except Refused:
            return None
        try:
            self._service.enter()
        except Refused:
            self._service.hold(-head.size)
            return None
        return Taken(name, head, begin)

    def leave(self, taken: Taken) -> None:
        """Let a request go uncounted, as the parser takes it anew."""
        self._service.hold(-taken.head.size)
        self._service.metrics.waiting -= 1

    def lose(self, taken: Taken) -> None:
        """Count a request whose client has gone before it had come as a whole."""
        self._count(taken, GONE)

    def answer(self, waiting: Waiting) -> None:
        """Answer a request, together with those that have come by the next turn of the event loop."""
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._answer_all)

    def _answer_all(self) -> None:
        """Answer what waits: in this thread what is soon done, else each request as all others are answered."""
        name = self._waiting[0].taken.name
        every = [one for one in self._waiting if one.taken.name == name]
        found = self._service.predict_at_once(name, [(one.kind, one.body) for one in every])
        for one, reply in zip(every, found, strict=False):
            self._settle(one, response_of(reply))
        if not found:
            self._later(every[0])
        done = every[: len(found) or 1]
        self._waiting = [one for one in self._waiting if one not in done]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._answer_all)

    def _later(self, one: Waiting) -> None:
        task = asyncio.get_running_loop().create_task(self._answer_later(one))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer_later(self, one: Waiting) -> None:
        self._settle(one, await answer(self._service, one.taken.name, one.kind, one.body))

    def _settle(self, one: Waiting, response: Response) -> None:
        """Count a request, and send its response."""
        self._count(one.taken, response.status_code)
        one.reply(response)

    def _count(self, taken: Taken, status: int) -> None:
        self._service.hold(-taken.head.size)
        self._service.leave(taken.name, status, taken.begin)
