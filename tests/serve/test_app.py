import asyncio

from dl.plugins.loading import load_plugins
from dl_serve.app import build
from dl_serve.service import Service
from dl_serve.settings import Limits, Settings, parse_runs


def test_a_request_beyond_the_queue_gets_503_and_is_told_when_to_try_again(served_runs):
    settings = Settings(parse_runs(["images=1"]), served_runs, limits=Limits(waiting=1))
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    async def ask():
        service = Service(settings, load_plugins())
        service.enter()
        headers = [(b"host", b"localhost")]
        scope = {"type": "http", "method": "POST", "path": "/v1/predict", "headers": headers, "query_string": b""}
        await build(service)(scope, receive, send)
        await service.close()

    asyncio.run(ask())
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"1") in sent[0]["headers"]
