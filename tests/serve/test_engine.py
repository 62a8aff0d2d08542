import asyncio

import numpy as np
import pytest

import dl
from dl.errors import DLError
from dl.plugins.loading import load_plugins
from dl_serve.engine import Engine, Work, without_places
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


@pytest.mark.filterwarnings("ignore::dl.inference.predict.UnseenValues")  # as in a service
def test_a_strict_request_is_refused_alone_and_the_others_of_its_pass_keep_their_notes(served_runs):
    far, usual = ((("rows.csv", content),) for content in (b"size\n500\n0.5\n", b"size\n0.5\n10.5\n0.7\n"))
    engine = Engine(dl.open_run(2, served_runs), load_plugins(), Limits(), lambda size: None)
    asked = [Asked(far, strict=True), Asked(far), Asked(usual, strict=True)]
    refused, noted, plain = engine._compute([Work(one) for one in asked])
    assert isinstance(refused, DLError)
    assert "1 of 2 inputs" in str(refused)
    assert [bool(one.notes) for one, _ in noted] == [True, False]
    assert [(one.answer, one.source[-5:]) for one, _ in plain] == [("0", "row 2"), ("1", "row 3"), ("0", "row 4")]
    together = engine._compute([Work(one) for one in asked[1:]])
    assert [[one for one, _ in rows] for rows in together] == [[one for one, _ in rows] for rows in (noted, plain)]


def test_the_private_folder_is_cut_out_of_a_line():
    assert without_places("'/tmp/dl-serve-ab1_/rows.csv' row 2") == "'rows.csv' row 2"
