import asyncio

import pytest

from dl.plugins.loading import load_plugins
from dl_serve.app import build
from dl_serve.errors import Refused
from dl_serve.service import Service
from dl_serve.settings import Limits, Settings, parse_runs
from dl_serve.shortcut import LARGEST, Shortcut, read_head

FIRST, HOST, SIZE = "POST /v1/predict HTTP/1.1", "Host: localhost", "Content-Length: 3"


def lines(*words, end="\r\n"):
    return (end.join([*words, "", ""])).encode("latin-1")


def test_a_plain_head_is_read_with_its_names_in_lower_case():
    head = read_head(lines(FIRST, HOST, SIZE, "Content-Type: application/x-npy ", "connection: Keep-Alive") + b"abc")
    assert (head.path, head.size) == ("/v1/predict", 3)
    assert head.headers[b"content-type"] == b"application/x-npy"
    assert head.length == len(lines(FIRST, HOST, SIZE, "Content-Type: application/x-npy ", "connection: Keep-Alive"))


@pytest.mark.parametrize(
    "data",
    [
        lines(FIRST, HOST, SIZE)[:-2],  # not whole
        lines(FIRST, HOST, SIZE, end="\n"),
        lines("GET /v1/predict HTTP/1.1", HOST, SIZE),
        lines("POST /v1/predict HTTP/1.0", HOST, SIZE),
        lines("POST /v1/predict?a=1 HTTP/1.1", HOST, SIZE),
        lines("POST /v1/%70redict HTTP/1.1", HOST, SIZE),
        lines(FIRST, SIZE),
        lines(FIRST, HOST),
        lines(FIRST, HOST, HOST, SIZE),
        lines(FIRST, HOST, SIZE, "content-length: 4"),
        lines(FIRST, HOST, "Content-Length: +3"),
        lines(FIRST, HOST, "Content-Length: 3, 3"),
        lines(FIRST, HOST, "Content-Length: 0"),
        lines(FIRST, HOST, f"Content-Length: {LARGEST + 1}"),
        lines(FIRST, HOST, "Content-Length: " + "9" * 900),
        lines(FIRST, HOST, SIZE, "Transfer-Encoding: chunked"),
        lines(FIRST, HOST, SIZE, "Expect: 100-continue"),
        lines(FIRST, HOST, SIZE, "Connection: close"),
        lines(FIRST, HOST, SIZE, "Upgrade: websocket"),
        lines(FIRST, HOST, SIZE, "Content-Encoding: gzip"),
        lines(FIRST, HOST, SIZE, "Accept: a", " folded"),
        lines(FIRST, HOST, SIZE, "Accept : a"),
        lines(FIRST, HOST, SIZE, "Accept: a\0b"),
        lines(FIRST, HOST, SIZE, "Accept: \u00e9"),
        lines(FIRST, HOST, SIZE, "Accept: " + "a" * 2_000),
        lines(FIRST, HOST, SIZE, *["Accept: a"] * 30),
    ],
)
def test_any_other_head_is_left_to_the_parser(data):
    assert read_head(data) is None


def test_a_request_is_taken_only_from_who_may_ask_and_within_the_limits(served_runs):
    async def ask():
        settings = Settings(parse_runs(["images=1"]), served_runs, limits=Limits(size=1_000, waiting=1))
        service = Service(settings, load_plugins())
        shortcut = Shortcut(service, build(service))
        assert shortcut.take(lines(FIRST, "Host: elsewhere.org", SIZE)) is None
        assert shortcut.take(lines(FIRST, HOST, SIZE, "Origin: https://elsewhere.org")) is None
        assert shortcut.take(lines(FIRST, HOST, "Content-Length: 1001")) is None
        assert shortcut.take(lines("POST /v1/other HTTP/1.1", HOST, SIZE)) is None
        assert (service.metrics.waiting, service.metrics.held) == (0, 0)
        taken = shortcut.take(lines(FIRST, HOST, SIZE))
        assert (taken.name, service.metrics.waiting, service.metrics.held) == ("images", 1, 3)
        assert shortcut.take(lines(FIRST, HOST, SIZE)) is None  # the queue is full
        shortcut.leave(taken)
        assert (service.metrics.waiting, service.metrics.held) == (0, 0)
        assert dict(service.metrics.requests) == {}
        shortcut.lose(shortcut.take(lines(FIRST, HOST, SIZE)))
        assert (service.metrics.waiting, service.metrics.held) == (0, 0)
        assert dict(service.metrics.requests) == {("images", 499): 1}
        service.hold(settings.limits.held)
        with pytest.raises(Refused):
            service.hold(1)
        assert shortcut.take(lines(FIRST, HOST, SIZE)) is None
        await service.close()

    asyncio.run(ask())
