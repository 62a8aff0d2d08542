"""Exported rows: tensors encode columns as numpy does in a fit - gaps, marks of gaps, tails, ranks, words."""

import numpy as np
import pytest
import torch
from scipy.special import ndtri

import dl
from dl.data.examples import Examples, whole
from dl.exporting.agreement import tensors_of
from dl_tabular.exported import prepare, to_deviate
from dl_tabular.prepare import learn
from dl_tabular.rows import rows_of


def test_deviates_are_those_of_scipy():
    shares = np.linspace(0.001, 0.999, 999)
    assert np.allclose(to_deviate(torch.from_numpy(shares)).numpy(), ndtri(shares), rtol=2e-9, atol=2e-9)


@pytest.mark.parametrize("scaling", ["standard", "quantile", "auto"])
@pytest.mark.parametrize("seed", range(3))
def test_rows_are_encoded_as_in_a_fit(scaling, seed):
    rng = np.random.default_rng(seed)
    count = 200
    counted = rng.integers(0, 5, count).astype(float)
    gaps = np.where(rng.random(count) < 0.2, np.nan, rng.standard_cauchy(count))
    columns = {"counted": counted, "tail": gaps, "same": np.ones(count), "word": rng.choice(["a", "B", "c d"], count)}
    rows = rows_of(columns)
    learnt = learn(whole(Examples(rows, np.zeros(count, np.int64), np.arange(count))), {"scaling": scaling})
    described = prepare(learnt, {"missing": "tail:-999"})
    assert [one.name for one in described.inputs] == ["counted", "tail", "word"]
    raw = described.raw(rows)
    found = described.encode(*tensors_of(described, raw, None))
    assert np.allclose(found.numpy(), np.asarray(learnt.encode(rows)), atol=1e-6)
    raw["tail"] = np.where(np.isnan(raw["tail"]), -999.0, raw["tail"])
    assert torch.equal(described.encode(*tensors_of(described, raw, None)), found)


@pytest.mark.check
@pytest.mark.parametrize(
    "data, options", [("diabetes", {"model": "dense"}), ("breast-cancer", {"model": "residual", "pieces": 4})]
)
def test_every_network_on_tables_answers_alike(data, options, tmp_path, one_thread):
    run = dl.fit("tabular", data, epochs=1, runs=tmp_path, rivals=False, **options)
    for name, file in (("onnx", "network.onnx"), ("torch", "network.pt2"), ("folder", "network")):
        assert dl.export(run, name, out=tmp_path / file).agreement.share == 1.0
