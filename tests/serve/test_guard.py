import asyncio

import pytest

from dl_serve.guard import Guard


def status(token, path="/v1/runs", **headers):
    """The status that a request gets; 200 where it is let through."""
    sent = []

    async def app(scope, receive, send):
        await send({"status": 200})

    async def send(message):
        sent.append(message)

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(Guard(app, token)({"type": "http", "path": path, "headers": pairs}, None, send))
    return sent[0]["status"]


@pytest.mark.parametrize(
    ("token", "headers", "expected"),
    [
        ("t" * 16, {"authorization": "Bearer " + "t" * 16}, 200),
        ("t" * 16, {"authorization": "Bearer other"}, 401),
        ("t" * 16, {}, 401),
        ("", {"host": "localhost:8000"}, 200),
        ("", {"host": "[::1]:8000"}, 200),
        ("", {"host": "elsewhere.org"}, 421),
        ("", {"host": "localhost", "origin": "https://elsewhere.org"}, 403),
        ("", {"host": "localhost", "origin": "null"}, 403),
    ],
)
def test_who_may_ask(token, headers, expected):
    assert status(token, **headers) == expected


def test_the_state_is_told_to_all():
    assert status("t" * 16, "/healthz") == 200
