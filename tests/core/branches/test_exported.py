"""Inputs of several kinds, and several targets, are exported together: an input for each column."""

import numpy as np
import pandas as pd
import pytest

import dl
from dl.exporting.loader import Network


@pytest.mark.check
def test_texts_and_columns_of_one_row_are_inputs_by_name(tmp_path, one_thread):
    rng = np.random.default_rng(0)
    sold = rng.integers(0, 2, 200)
    notes = [
        " ".join(rng.choice(["red", "green", "fine", "worn", "old"], 8)) + (" good" if one else " bad") for one in sold
    ]
    words = {"note": notes, "size": rng.random(200), "city": rng.choice(["Rome", "Oslo"], 200)}
    frame = pd.DataFrame({**words, "price": 10 + sold + rng.random(200), "sold": np.array(["no", "yes"])[sold]})
    run = dl.fit("mixed", frame, target=["price", "sold"], epochs=1, runs=tmp_path, rivals=False)
    done = run.export("folder", out=tmp_path / "network")
    assert done.agreement.share == 1.0
    assert run.export("onnx", out=tmp_path / "network.onnx").agreement.share == 1.0
    network = Network(done.path)
    assert {one["name"] for one in network.config["inputs"]} == {"note", "size", "city"}
    found = network(**{name: values[:3] for name, values in words.items()})
    assert list(found) == ["price.values", "sold.probabilities", "sold.answer"]
    heads = [one.heads["sold"] for one in dl.predict(run, frame[:3])]
    assert found["sold.answer"].tolist() == heads
