"""Change single bits of exported files, drawn evenly, and count what is noticed and what answers otherwise.

Asked for: a loader of dl answers to no changed file otherwise than before; of files that other engines open, the sums
beside them tell it.
"""

import logging
import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

import dl
from benchmarks.measuring import publish
from dl.exporting.formats import import_file
from dl.exporting.sums import SUFFIX, sum_of
from dl.exporting.whole import need_exportable
from dl.inference.load import reopen
from dl.plugins.loading import load_plugins
from dl.runs.run import Run

BITS = 60  # of each file
OPENED = {
    "folder": ("config.json", "network.json", "model.safetensors", "SHA256SUMS", "load.py", "steps.py"),
    "safetensors": ("wine.safetensors",),
    "onnx": ("wine.onnx",),
    "torch": ("wine.pt2",),
}


def answer(to: str, place: str, raw: dict[str, Any]) -> list[Any]:  # Any: arrays of any kind
    """Answer raw inputs with an exported file, as its user does."""
    if to == "onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        return list(onnxruntime.InferenceSession(place, options, providers=["CPUExecutionProvider"]).run(None, raw))
    if to == "torch":
        import torch

        logging.disable(logging.CRITICAL)  # torch tells at length why it cannot read a file
        with torch.no_grad():
            found = torch.export.load(place).module()(*(torch.from_numpy(one) for one in raw.values()))
        return [one.numpy() for one in found]
    code = Path(place) / "load.py" if to == "folder" else Path(place).with_name("wine_load.py")
    return list(import_file(code).Network(place)(**raw).values())


def outcome(to: str, place: str, raw: dict[str, Any], wanted: list[Any]) -> str:  # Any: as above
    """Return ``noticed`` where a file is refused, ``same`` where the answers are, else ``otherwise``."""
    try:
        found = answer(to, place, raw)
        same = all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(found, wanted, strict=True))
    except Exception:  # whatever an engine refuses with
        return "noticed"
    return "same" if same else "otherwise"


def measure(to: str, folder: Path, run: Run) -> dict[str, object]:
    """Return how many changed bits of a format are noticed, and how many change an answer unnoticed."""
    done = dl.export(run, to, out=folder / {"folder": "wine"}.get(to, OPENED[to][0]))
    rng = np.random.default_rng(0)
    opened = reopen(run, load_plugins())
    inputs = need_exportable(opened, opened.recipe.data_options).preparation.inputs
    raw = {one.name: rng.normal(5, 3, 20) for one in inputs}
    wanted = answer(to, str(done.path), raw)
    counts, told = dict.fromkeys(("noticed", "same", "otherwise"), 0), 0
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    for name in OPENED[to]:
        place = done.path / name if done.path.is_dir() else done.path
        content = place.read_bytes()
        sums = "" if done.path.is_dir() else done.path.with_suffix(SUFFIX).read_text()
        for bit in rng.integers(0, 8 * len(content), BITS).tolist():
            changed = bytearray(content)
            changed[bit // 8] ^= 1 << bit % 8
            place.write_bytes(changed)
            told += sum_of(bytes(changed)) not in sums
            try:
                found = pool.submit(outcome, to, str(done.path), raw, wanted).result()
            except BrokenProcessPool:  # the engine crashed
                found, pool = "noticed", ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
            counts[found] += 1
        place.write_bytes(content)
    pool.shutdown()
    return {"format": to, "bits": sum(counts.values()), **counts, "told by the sums beside": told if sums else "-"}


def main() -> None:
    """Print and keep the table."""
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit("tabular", "wine", epochs=1, runs=Path(folder) / "runs", rivals=False)
        publish("bits", "single bits of exported files, changed", [measure(to, Path(folder), run) for to in OPENED])
