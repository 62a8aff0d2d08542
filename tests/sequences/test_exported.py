"""Exported series: columns of steps in, gaps filled inside as in a fit, any number of steps."""

import numpy as np
import onnxruntime
import pytest
import torch

import dl
from dl.exporting.formats import FORMATS
from dl.exporting.loader import Network
from dl_sequences.exported import fill_forward, prepare, raw_steps
from dl_sequences.prepare import learn


def test_a_gap_holds_the_last_number_before_it_in_its_series():
    nan = float("nan")
    values = torch.tensor([[nan, 1, nan, nan, 2], [3, nan, nan, 4, nan], [nan] * 5], dtype=torch.float64)[:, :, None]
    filled = fill_forward(values)[:, :, 0]
    wanted = torch.tensor([[nan, 1, 1, 1, 2], [3, 3, 3, 4, 4], [nan] * 5], dtype=torch.float64)
    assert torch.equal(filled.nan_to_num(-1), wanted.nan_to_num(-1))


def test_steps_are_encoded_as_in_a_fit(series_of):
    nan = np.nan
    train = series_of([[1, 5], [nan, 6], [3, 7]], [[2, 8]], [[nan, 9], [4, 9]], names=("pulse", "lengths"))
    preprocessor = learn(train, {})
    preparation = prepare(preprocessor, {})
    assert [one.name for one in preparation.inputs] == ["pulse", "lengths", "lengths_"]
    raw = preparation.raw(train.examples.inputs)
    assert raw["lengths_"].tolist() == [3, 1, 2] and raw["pulse"].shape == (3, 3)
    batch = preparation.encode(*(torch.from_numpy(one) for one in raw.values()))
    stored = preprocessor.encode(train.examples.inputs)
    for at in range(3):
        assert np.allclose(batch.values[at, : stored.lengths[at]].numpy(), stored.row(at), atol=1e-6)
    assert batch.lengths.tolist() == [3, 1, 2]


def test_what_follows_the_end_of_a_series_is_nan_or_no_word(series_of):
    steps = raw_steps(series_of([[1.0]], [[2.0], [3.0]]).examples.inputs, {"x": "x"}, "lengths")
    assert np.array_equal(steps["x"], [[1, np.nan], [2, 3]], equal_nan=True)


@pytest.mark.check
@pytest.mark.parametrize(
    "model", ["gru", *(pytest.param(name, marks=pytest.mark.slow) for name in ("lstm", "conv1d", "transformer"))]
)
def test_classes_and_forecasts_are_answered_alike_in_every_format(model, visits, waves, tmp_path, one_thread):
    told = {"target": "outcome", "sequence_on": "id", "time_on": "day"}
    ahead = {"target": "value", "time_on": "hour", "horizon": 3}
    for data, options in ((visits, told), (waves, ahead)):
        run = dl.fit("sequence", data, model=model, epochs=1, runs=tmp_path / "runs", rivals=False, **options)
        for name, kind in FORMATS.items():
            done = dl.export(run, name, out=tmp_path / f"{data.stem}-{name}{kind.suffix}")
            assert done.agreement.share == 1.0 and done.agreement.difference < 1e-5


@pytest.mark.check
def test_series_of_any_length_are_answered_without_dl(visits, tmp_path, one_thread):
    options = {"target": "outcome", "sequence_on": "id", "time_on": "day"}
    run = dl.fit("sequence", visits, model="lstm", epochs=1, runs=tmp_path / "runs", rivals=False, **options)
    network = Network(dl.export(run, "folder", out=tmp_path / "network").path)
    file = dl.export(run, "onnx", out=tmp_path / "visits.onnx").path
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    for steps in (1, 9):
        rows = {"pulse": np.full((2, steps), 70.0), "part": np.full((2, steps), "AM", object), "lengths": [steps, 1]}
        given = {**rows, "lengths": np.array([steps, 1], np.float64)}
        given = {one.name: given[one.name] for one in session.get_inputs()}
        found = network(**{name: rows[name] for name in given})
        probabilities, answers = session.run(["probabilities", "answer"], given)
        assert np.allclose(found["probabilities"], probabilities, atol=1e-5) and list(found["answer"]) == list(answers)
        table = tmp_path / "new.csv"
        lines = [f"{at},2024-01-{day + 1:02d},70,am" for at, count in enumerate((steps, 1)) for day in range(count)]
        table.write_text("id,day,pulse,part\n" + "\n".join(lines) + "\n")
        wanted = [one.values["ill"] for one in dl.predict(run, table)]
        ill = network.config["outputs"][0]["names"].index("ill")
        assert np.allclose(found["probabilities"][:, ill], wanted, atol=1e-5)
