"""The loader of a folder needs torch and numpy alone, and knows words in any case."""

import ast
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save

import dl
from dl.exporting import loader, steps


def code_of(module):
    """The lines of a module that are not blank, and not for the linters."""
    lines = Path(module.__file__).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(("# ruff", "# mypy"))]


def test_it_has_sixty_lines():
    assert len(code_of(loader)) <= 60


@pytest.mark.parametrize("module", [loader, steps])
def test_it_imports_torch_numpy_and_the_standard_library_alone(module):
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    names = {
        alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    names |= {node.module.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names - set(sys.stdlib_module_names) == {"torch", "numpy"}


def test_numbers_from_0_to_1_are_no_pixels():
    image = {"kind": "pixels"}
    with pytest.raises(TypeError, match="Cannot cast array data from dtype"):
        loader.Network.tensor(None, image, np.full((1, 2, 2, 1), 0.5))
    assert loader.Network.tensor(None, image, np.full((1, 2, 2, 1), 7, np.uint8)).dtype == torch.uint8


def test_it_reads_weights_and_what_goes_along():
    weights = {"a": torch.arange(6).reshape(2, 3), "b": torch.tensor([0.5, -1.0]), "c": torch.tensor(True)}
    found, kept = loader.read_weights(save(weights, {"card": "words"}))
    assert kept == {"card": "words"} and all(torch.equal(found[name], one) for name, one in weights.items())


def test_a_folder_answers_raw_rows_without_dl(visits, tmp_path):
    done = dl.export(visits, "folder", out=tmp_path / "network")
    rows = {"age": [30.0, np.nan], "income": [20.0, 1e9], "rain": [-999.0, 3.5], "city": ["NEW  york", "Rome"]}
    program = (
        "import sys; sys.path.insert(0, '.'); sys.modules['dl'] = None; nan = float('nan')\n"
        f"import load; found = load.Network('.')(**{rows!r})\n"
        "print(found['answer'].tolist(), [round(float(one), 5) for one in found['probabilities'][:, 1]])"
    )
    shown = subprocess.run([sys.executable, "-c", program], cwd=done.path, capture_output=True, text=True, check=True)
    words = [{name: values[at] for name, values in rows.items()} for at in range(2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Rome is in no training row
        wanted = dl.predict(visits, pd.DataFrame(words))
    answers = [one.answer for one in wanted]
    assert shown.stdout.strip() == f"{answers} {[round(one.values['yes'], 5) for one in wanted]}"
