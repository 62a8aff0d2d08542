"""Who may ask: the token, and on this machine alone the names of this machine."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec

from dl_serve.settings import is_loopback

Message = MutableMapping[str, Any]  # Any: as ASGI defines
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
LONGEST_HEADERS = 16_384  # bytes
LONGEST_PATH = 4_096
OPEN = ("/healthz", "/readyz", "/", "/docs")  # for whoever watches the service; pages that hold nothing of a run


class Guard:
    """Lets requests through that may ask.

    Without a token a request has to name this machine in its Host, so that no page of another site reads answers by
    way of a name that leads here.

    Args:
        app: Answers them.
        token: That they have to bring; empty for none.
    """

    def __init__(self, app: App, token: str) -> None:
        self._app, self._token = app, token.encode()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        refusal = None
        if scope["type"] == "http":
            refusal = self.refusal(scope["path"], scope.get("query_string", b""), scope["headers"])
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, line = refusal
        body = msgspec.json.encode({"error": line})
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        headers += [(b"connection", b"close"), *([(b"www-authenticate", b"Bearer")] if status == 401 else [])]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def refusal(self, path: str, query: bytes, every: Collection[tuple[bytes, bytes]]) -> tuple[int, str] | None:
        """Return the status and the line with which a request is refused; None for one that may ask.

        Args:
            path: That is asked for.
            query: Behind it.
            every: Headers, by names in lower case.
        """
        headers = dict(every)
        if sum(len(name) + len(value) for name, value in every) > LONGEST_HEADERS:
            return 431, f"headers of more than {LONGEST_HEADERS:,} bytes; send fewer"
        if len(path) + len(query) > LONGEST_PATH:
            return 414, f"an address of more than {LONGEST_PATH:,} bytes; GET /openapi.json lists what there is"
        if path in OPEN:
            return None
        if self._token:
            scheme, _, given = headers.get(b"authorization", b"").partition(b" ")
            fits = scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._token)
            return None if fits else (401, "a token is needed; send the header Authorization: Bearer TOKEN")
        host = b"//" + headers.get(b"host", b"")
        if not _is_own(host):
            return 421, f"this service answers to the names of its own machine, not to {_host(host)[:100]!r}"
        origin = headers.get(b"origin")
        if origin is not None and not _is_own(origin):
            return 403, "a page of another site may not ask; give the service a token"
        return None


@lru_cache(64)
def _is_own(address: bytes) -> bool:
    """Return whether an address names this machine."""
    return is_loopback(_host(address))


def _host(address: bytes) -> str:
    """Return the host of an address; empty if it has none."""
    try:
        return urlsplit(address.decode("latin-1")).hostname or ""
    except ValueError:
        return ""
