import asyncio
import json

from dl.plugins.loading import load_plugins
from dl_serve.errors import Refused
from dl_serve.service import Service
from dl_serve.settings import Settings, parse_runs

BODY = json.dumps({"inputs": [[[9] * 8] * 8]}).encode()


def test_on_one_core_requests_are_answered_at_once_as_soon_as_a_pass_is_known_to_be_short(served_runs, monkeypatch):
    monkeypatch.setattr("dl_serve.engine.has_one_core", lambda: True)
    kind = "application/json"

    async def ask():
        service = Service(Settings(parse_runs(["images=1", "sizes=2"]), served_runs), load_plugins())
        unknown = service.predict_at_once("images", [(kind, BODY)])
        expected = await service.predict("images", kind, BODY)
        service.engines["images"]._pace = 0.001  # seconds
        bodies = [(kind, BODY), (kind, b"{"), (kind, BODY), (kind, json.dumps({"texts": ["a"]}).encode()), (kind, BODY)]
        found = service.predict_at_once("images", bodies)
        service.engines["images"]._pace = 1.0
        long = service.predict_at_once("images", [(kind, json.dumps({"inputs": [[[9] * 8] * 8] * 50}).encode())])
        table = service.predict_at_once("sizes", [("text/csv", b"size\n1\n")])
        await service.close()
        return unknown, expected, found, long, table

    unknown, expected, found, long, table = asyncio.run(ask())
    assert (unknown, long, table) == ([], [], [])
    assert len(found) == 3 and isinstance(found[1], Refused)  # the texts are read from files, and wait with all behind
    assert found[0] == found[2] == expected


def test_no_request_is_lost_while_runs_are_loaded_anew(served_runs):
    async def ask():
        service = Service(Settings(parse_runs(["images=1"]), served_runs), load_plugins())
        before = service.engines["images"]
        change = asyncio.create_task(service.reload())
        found = []
        while not change.done():
            found.append(await service.predict("images", "application/json", BODY))
        failed = change.result()
        found.append(await service.predict("images", "application/json", BODY))
        changed = service.engines["images"] is not before
        await service.close()
        return found, failed, changed

    found, failed, changed = asyncio.run(ask())
    assert (failed, changed) == ({}, True)
    assert all(one["predictions"] == found[0]["predictions"] for one in found)
