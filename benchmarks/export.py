"""Export of a run to ONNX, checked, and its answers by onnxruntime on the test digits.

Asked for: at most 10 s for the recipe `fast` on MNIST, and the same answers on 10,000 test digits.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import dl
from benchmarks.measuring import publish
from dl.inference.load import reopen
from dl.inference.predict import answers
from dl.plugins.loading import load_plugins


def measure(data: str = "mnist", most: int = 10_000, **options: Any) -> dict[str, object]:
    """Return how long an export took, its agreement, and how many test digits are answered as by `dl predict`."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit("vision", data, runs=Path(folder), rivals=False, **options)
        started = time.perf_counter()
        done = dl.export(run, "onnx", out=Path(folder) / "digits.onnx")
        seconds = time.perf_counter() - started
        plugins = load_plugins()
        dataset = plugins.dataset("vision", data).load(reopen(run, plugins).recipe.data_options)
        assert dataset.open_test is not None
        test = dataset.open_test()
        test = test.take(np.arange(min(most, len(test))))
        session = onnxruntime.InferenceSession(done.path, providers=["CPUExecutionProvider"])
        found = [session.run(["answer"], {"image": test.array[k : k + 500]})[0] for k in range(0, len(test), 500)]
        wanted = [one.answer for one in answers(reopen(run, plugins), test)]
        same = int(np.count_nonzero(np.concatenate(found) == np.array(wanted, object)))
    return {
        "data": data,
        "s": seconds,
        "validation digits": done.agreement.examples,
        "same there": done.agreement.same,
        "largest difference": done.agreement.difference,
        "test digits": len(test),
        "same": same,
    }


def main() -> None:
    """Print and keep the table."""
    publish("export", "export to ONNX, checked, and onnxruntime on the test digits", [measure(recipe="fast")])
