"""A file of ONNX: columns by name, words looked up inside, answers by name, any number of rows, onnxruntime alone."""

import json
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest

import dl
from dl.exporting.onnx_file import _common_spellings


@pytest.fixture(scope="module")
def written(visits, tmp_path_factory):
    """The exported run."""
    return dl.export(visits, "onnx", out=tmp_path_factory.mktemp("onnx") / "visits.onnx")


def test_a_word_is_known_in_its_usual_spellings():
    known = _common_spellings(("New York", "rome", "Rome"))
    assert [known.get(word) for word in ("New York", "new york", "NEW YORK", "New york")] == [0, 0, 0, 0]
    assert [known.get(word) for word in ("rome", "Rome", "ROME", "Paris")] == [1, 2, None, None]


def test_inputs_are_columns_by_name_and_answers_are_names(written, visits):
    session = onnxruntime.InferenceSession(written.path, providers=["CPUExecutionProvider"])
    kinds = {one.name: (one.type, one.shape) for one in session.get_inputs()}
    numbers = dict.fromkeys(("age", "income", "rain"), ("tensor(double)", ["N"]))
    assert kinds == {**numbers, "city": ("tensor(string)", ["N"])}
    for count in (1, 5):
        rows = {name: np.full(count, 40.0) for name in ("age", "income", "rain")}
        rows["city"] = np.array(["NEW YORK"] * count, object)
        probabilities, answer = session.run(["probabilities", "answer"], rows)
        assert probabilities.shape == (count, 2) and set(answer) <= {"no", "yes"}
        assert ((probabilities[:, 1] > 0.3) == (answer == "yes")).all()


def test_agreement_names_and_thresholds_stand_in_the_file(written):
    kept = onnxruntime.InferenceSession(written.path, providers=["CPUExecutionProvider"]).get_modelmeta()
    agreement = json.loads(kept.custom_metadata_map["dl.agreement"])
    assert agreement["same"] == agreement["examples"] == written.agreement.examples
    probabilities, answer = json.loads(kept.custom_metadata_map["dl.outputs"])
    assert (probabilities["names"], answer["thresholds"]) == (["no", "yes"], {"yes": 0.3})
    assert "## Known gaps" in kept.description


@pytest.mark.check
def test_it_answers_in_an_environment_of_onnxruntime_and_numpy_alone(
    written, visits, examples, preparation, wanted, tmp_path
):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "clean"], check=True)
    python = tmp_path / "clean/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "onnxruntime", "numpy"], check=True, capture_output=True)
    raw = preparation.raw(examples.inputs)
    rows = {name: values.tolist() for name, values in raw.items()}
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    program = (
        "import json, sys, numpy as np, onnxruntime as ort\n"
        "rows = json.load(open(sys.argv[2]))\n"
        "given = {k: np.array(v, object if isinstance(v[0], str) else np.float64) for k, v in rows.items()}\n"
        "assert not {'torch', 'dl', 'onnx'} & set(sys.modules)\n"
        "print(json.dumps(ort.InferenceSession(sys.argv[1]).run(['answer'], given)[0].tolist()))"
    )
    command = [python, "-c", program, written.path, tmp_path / "rows.json"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(shown.stdout) == [("no", "yes")[one] for one in wanted[1]]
