"""A connection: usual requests take the shortcut, all others the parser of HTTP, and nothing waits without end.

uvicorn waits without end for the headers of a first request and for a client that does not read; here both end.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import h11
from fastapi import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from dl_serve.settings import Limits
from dl_serve.shortcut import Shortcut, Taken, Waiting

NO_HTTP = b'{"error":"this is no request of HTTP/1.1"}'
CLOSES = (b"connection", b"close")
SOON = 1.0  # seconds in which the body of a usual request comes


def connection_of(limits: Limits, shortcut: Shortcut) -> type[H11Protocol]:
    """Return the class of a connection with limits, whose usual requests take a shortcut."""

    class Bound(Connection):
        """A connection of one service."""

    Bound.limits, Bound.shortcut = limits, shortcut
    return Bound


class Connection(H11Protocol):
    """A connection that ends where nothing is asked or read for a while."""

    limits: Limits
    shortcut: Shortcut
    _timer: asyncio.TimerHandle | None = None  # that ends the connection
    _taken: Taken | None = None  # a usual request whose body is read, or that is answered
    _chunks: list[bytes]  # that were read of it
    _missing = 0  # bytes
    _answering = False
    _late: asyncio.TimerHandle | None = None  # that leaves it to the parser
    _ends = False  # the service ends after the answer

    @property
    def busy(self) -> bool:
        """Whether a request is read or answered."""
        return self._taken is not None or (self.cycle is not None and not self.cycle.response_complete)

    # What asyncio and uvicorn call

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, unless too many connections are open."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        self._read(data)
        if self.busy:
            self._unwatch()
        elif self._timer is None:
            self._watch()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a client that has finished sending; else the connection ends."""
        if not self._answering:
            self._leave_to_parser()
        return self.busy

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a request whose client has gone."""
        self._unwatch()
        if self._taken is not None and not self._answering:
            self._end_of_reading()
            self.shortcut.lose(self._taken)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait for a client to read."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """Wait no longer, as it has read."""
        super().resume_writing()
        if self.busy:
            self._unwatch()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        if not self.busy:  # with the next request, which was sent along with this one
            self._watch()

    def shutdown(self) -> None:
        """Begin to end, after the answer to a request that was taken."""
        if self._taken is None:
            super().shutdown()
        else:
            self._ends = True

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP; unlike uvicorn, in the form of all errors."""
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(NO_HTTP))),
            ("connection", "close"),
        ]
        for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=NO_HTTP), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    # Usual requests

    def _read(self, data: bytes) -> None:
        """Read here as long as a request is usual, else in the parser."""
        if self._taken is not None:
            self._chunks.append(data)
        elif self._may_begin:
            self._begin(data)
        if self._taken is None:
            super().data_received(data)
            return
        self._missing -= len(data)
        if self._missing < 0:  # of another request
            self._leave_to_parser()
        elif not self._missing:
            self._answer(self._taken)

    @property
    def _may_begin(self) -> bool:
        """Whether the parser is in the midst of no request, and the client reads its answers."""
        idle = self.conn.our_state is self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
        return idle and not self.busy and not self.flow.write_paused

    def _begin(self, data: bytes) -> None:
        """Take a request if it is usual."""
        self._taken = self.shortcut.take(data)
        if self._taken is not None:
            self._unset_keepalive_if_required()
            self._chunks, self._missing = [data], self._taken.head.length + self._taken.head.size
            self._late = self.loop.call_later(SOON, self._leave_to_parser)

    def _answer(self, taken: Taken) -> None:
        """Answer a request that has come as a whole; the next one is not read before."""
        self._end_of_reading()
        self.flow.pause_reading()
        self._answering = True
        body = b"".join(self._chunks)[taken.head.length :]
        self.shortcut.answer(Waiting(taken, body, self._reply))

    def _reply(self, response: Response) -> None:
        """Send the response to a usual request."""
        self._taken, self._answering = None, False
        if self.transport.is_closing():
            return
        ends = self._ends or response.headers.get("connection") == "close"
        headers = [*self.server_state.default_headers, *response.raw_headers, *([CLOSES] if self._ends else [])]
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        status = HTTPStatus(response.status_code)
        first = f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode()
        self.transport.write(b"".join((first, lines, b"\r\n", response.body)))
        if ends:
            self.transport.close()
        else:
            self.on_response_complete()

    def _leave_to_parser(self) -> None:
        """Give what was read of a request to the parser, as it came."""
        if self._taken is None:
            return
        self._end_of_reading()
        self.shortcut.leave(self._taken)
        self._taken = None
        super().data_received(b"".join(self._chunks))
        if self._ends:
            super().shutdown()

    def _end_of_reading(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    # Time

    def _watch(self) -> None:
        self._unwatch()
        self._timer = self.loop.call_later(min(self.limits.idle, self.limits.seconds), self.transport.abort)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
