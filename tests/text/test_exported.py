"""Exported texts: token ids in, padded with 0, and the lengths that follow."""

import numpy as np
import pytest
import torch

import dl
from dl.exporting.formats import FORMATS
from dl_text.exported import AsBatch


def test_a_batch_has_the_lengths_of_its_texts():
    batch = AsBatch()(torch.tensor([[5, 1, 2], [7, 0, 0], [0, 0, 0]]))
    assert batch.lengths.tolist() == [3, 1, 1]


@pytest.mark.check
@pytest.mark.parametrize(
    "model",
    [
        "bag",
        "lstm",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("conv1d", "embedding-bag", "transformer")),
    ],
)
def test_every_network_on_texts_answers_alike_in_every_format(model, tmp_path, one_thread):
    run = dl.fit("text", "phrase-languages", model=model, epochs=1, runs=tmp_path, rivals=False)
    for name, kind in FORMATS.items():
        done = dl.export(run, name, out=tmp_path / f"network-{name}{kind.suffix}")
        assert done.agreement.share == 1.0 and done.agreement.difference < 1e-5
        has_tokenizer = any("tokenizer" in one.name for one in done.files)
        assert has_tokenizer != (name == "onnx" and any("cannot read it exactly" in note for note in done.notes))


@pytest.mark.check
def test_a_folder_takes_texts(tmp_path, one_thread):
    run = dl.fit("text", "valence", model="embedding-bag", epochs=1, runs=tmp_path, rivals=False)
    done = dl.export(run, "folder", out=tmp_path / "network")
    from dl.exporting.loader import Network

    texts = ["a good friend", "war"]
    wanted = [next(iter(one.values.values())) for one in dl.predict(run, texts=texts)]
    assert np.allclose(Network(done.path)(text=texts)["values"][:, 0], wanted, atol=1e-5)
