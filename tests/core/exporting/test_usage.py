"""The card's lines of Python open what a format wrote."""

from dataclasses import replace

import numpy as np
import pytest

from dl.exporting.formats import FORMATS
from dl.exporting.usage import MOST_SHOWN, usage

ROWS = {"age": [30.0, np.nan], "income": [20.0, 5.0], "rain": [0.0, 3.5], "city": ["Oslo", "Rome"]}


def lines_of(name, package, folder):
    kind = FORMATS[name]
    place = folder / (f"visits{kind.suffix}" if kind.suffix else "visits")
    lines = usage(kind, place, package)
    begin, end = lines.index("```python"), lines.index("```")
    return lines[begin + 1 : end], lines[end + 1 :]


@pytest.mark.parametrize("name", FORMATS)
def test_inputs_and_outputs_are_listed_by_name_and_what_many_inputs_hold_is_left_out_of_the_code(
    name, packages, tmp_path
):
    code, words = lines_of(name, packages[name], tmp_path)
    inputs = packages[name].preparation.inputs
    assert len(inputs) > MOST_SHOWN and "..." in "\n".join(code)
    for one in (*inputs, *packages[name].outputs):
        assert any(f"put `{one.name}`: {one.about}" in line for line in words), one.name


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "torch"])  # whose words are numbers
def test_the_lines_run_where_the_files_lie(name, packages, tmp_path, monkeypatch):
    kind, package = FORMATS[name], packages[name]
    for file, content in kind.contents(package, "visits", "").items():
        (tmp_path / file).write_bytes(content)
    code, _ = lines_of(name, package, tmp_path)
    given = ", ".join(f"{one.name!r}: rows[{one.name!r}]" for one in package.preparation.inputs)
    as_arrays = "{name: numpy.array(one, object if name == 'city' else float) for name, one in rows.items()}"
    program = "\n".join(code)
    shown = program[program.index("{") : program.rindex("}") + 1]
    program = program.replace(shown, as_arrays if name == "onnx" else f"{{{given}}}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    kept = {"rows": ROWS}
    exec(program, kept)
    found = kept["found"]
    answers = found[[one.name for one in package.outputs].index("answer")] if name == "onnx" else found["answer"]
    assert len(answers) == 2 and set(answers) <= {"no", "yes"}


def test_a_few_inputs_stand_in_the_code_as_they_are(packages, tmp_path):
    package = packages["folder"]
    few = replace(package.preparation, inputs=package.preparation.inputs[:2])
    code, _ = lines_of("folder", replace(package, preparation=few), tmp_path)
    names = [one.name for one in few.inputs]
    assert all(f'"{name}": ' in code[-2] for name in names) and "..." not in code[-2]
