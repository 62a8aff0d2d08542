"""Linear models and boosting of a table are exported, and answer as scikit-learn does."""

import warnings

import numpy as np
import pytest

import dl
from dl.exporting.loader import Network

WORDS = np.array(["red", "Green", "blue", ""])


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table with gaps, words, rare words, classes, two targets of numbers, and a date."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("table") / "sales.csv"
    lines = ["size,colour,sold,kind,price,tax"]
    for at in range(240):
        size = "" if rng.random() < 0.1 else f"{rng.normal(5, 2):.3f}"
        colour = WORDS[rng.integers(0, 4)] if at > 2 else f"rare{at}"
        price = (float(size) if size else 3.0) * (2 if colour == "red" else 1) + rng.random()
        kind = ["a", "b", "c"][int(price > 5) + int(price > 9)]
        day = np.datetime64("2024-01-01") + int(rng.integers(0, 300))
        lines.append(f"{size},{colour},{day},{kind},{price:.3f},{price / 5 + rng.random():.3f}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.check
@pytest.mark.parametrize("target", ["kind", "price"])
@pytest.mark.parametrize("model", ["linear", "boosting"])
def test_a_learner_answers_alike_in_a_folder_and_in_onnx(model, target, table, tmp_path, one_thread):
    leave = ",".join({"kind", "price", "tax"} - {target})
    run = dl.fit("tabular", table, target=target, model=model, leave_out=leave, runs=tmp_path / "runs", rivals=False)
    done = run.export("folder", out=tmp_path / "network")
    assert done.agreement.share == 1.0 and done.agreement.difference < 1e-6
    assert run.export("onnx", out=tmp_path / "network.onnx").agreement.share == 1.0
    found = Network(done.path)(size=[4.0, np.nan], colour=["red", "RED"], sold=["2024-03-01", ""])
    (tmp_path / "new.csv").write_text("size,colour,sold\n4.0,red,2024-03-01\n,RED,\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # RED is in no training row
        wanted = dl.predict(run, tmp_path / "new.csv")
    key = "probabilities" if target == "kind" else "values"
    assert np.allclose(found[key], [[*one.values.values()] for one in wanted], atol=1e-6)
