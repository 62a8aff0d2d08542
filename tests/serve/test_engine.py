import asyncio

import numpy as np
import pytest

import dl
from dl.plugins.loading import load_plugins
from dl_serve.engine import Engine, without_places
from dl_serve.errors import Refused
from dl_serve.inputs import Asked
from dl_serve.settings import Limits


def test_requests_that_come_together_are_answered_as_each_alone_and_a_bad_one_fails_alone(served_runs):
    images = np.random.default_rng(1).integers(0, 255, (3, 8, 8), dtype=np.uint8)
    run = dl.open_run(1, served_runs)

    async def ask():
        engine = Engine(run, load_plugins(), Limits(), lambda size: None)
        asked = [Asked(array=images[:2]), Asked(array=images[2:]), Asked(texts=("a",))]
        found = await asyncio.gather(*map(engine.predict, asked), return_exceptions=True)
        await engine.close()
        return found

    first, second, bad = asyncio.run(ask())
    expected = dl.predict(run, images)
    for (one, _), other in zip([*first, *second], expected, strict=True):
        assert one.values == pytest.approx(other.values, abs=1e-6)
    assert isinstance(bad, Refused)
    assert bad.status == 400


def test_the_private_folder_is_cut_out_of_a_line():
    assert without_places("'/tmp/dl-serve-ab1_/rows.csv' row 2") == "'rows.csv' row 2"
