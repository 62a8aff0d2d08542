"""Every format holds no pickle, and opened as its user opens it, answers as the run does."""

import json
import sys
import zipfile
from pathlib import Path

import pytest

import dl
from dl.errors import BadOption
from dl.exporting.agreement import measure
from dl.exporting.formats import FORMATS

HERE = Path(dl.__file__).parents[4]  # of the code that is traced


@pytest.mark.parametrize("name", FORMATS)
def test_what_a_format_holds_answers_as_the_run_does(name, packages, preparation, examples, wanted, tmp_path):
    kind, package = FORMATS[name], packages[name]
    contents = kind.contents(package, "visits", "# card\n")
    for file, content in contents.items():
        (tmp_path / file).write_bytes(content)
    assert not [file for file, content in contents.items() if str(HERE).encode() in content], "names a folder"
    place = tmp_path / f"visits{kind.suffix}" if kind.suffix else tmp_path
    found = measure(kind.open(package, place), preparation, package.outputs, examples, wanted, "validation")
    assert found.same == len(examples) and found.difference < 1e-5
    if name == "torch":
        with zipfile.ZipFile(place) as archive:  # data that torch would pickle is empty
            parts = {one.partition("/")[2]: archive.read(one) for one in archive.namelist()}
            assert parts["data/sample_inputs/model.pt"] == b""
            assert b'"use_pickle": true' not in b"".join(
                one for key, one in parts.items() if key.endswith("config.json")
            )
            (config,) = (one for one in archive.namelist() if one.endswith("extra/config.json"))
            assert json.loads(archive.read(config))["code"] == {}
    assert not [file for file in contents if file.endswith((".pkl", ".pt", ".bin"))]


def test_a_missing_package_is_one_line_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(BadOption, match=r"--to onnx needs the package onnxscript, an extra  install it: pip install"):
        FORMATS["onnx"].need_packages()


def test_formats_of_one_file_have_a_suffix():
    assert {name: one.suffix for name, one in FORMATS.items() if one.suffix} == {
        "onnx": ".onnx",
        "torch": ".pt2",
        "safetensors": ".safetensors",
    }
