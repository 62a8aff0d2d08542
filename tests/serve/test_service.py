import asyncio
import json

from dl.plugins.loading import load_plugins
from dl_serve.service import Service
from dl_serve.settings import Settings, parse_runs

BODY = json.dumps({"inputs": [[[9] * 8] * 8]}).encode()


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
