"""Steps on a GPU, in at most four minutes: `dl.fit` beside a plain loop, a plain loop as a CUDA graph, and Keras.

Each system in a process of its own, taking turns, the ratio taken within each round. Two networks: the book's convnet
on 28x28 noise, batch 256, and a net of 64-32-10, of which a step is all launches. Without a GPU it is one line.
The table was never made yet: this script has not run on a GPU.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
ROUNDS, EPOCHS, MOST_SECONDS = 3, 3, 220  # seconds after which no further round begins
SIZES = {"convnet": ((20_000, 28, 28, 1), 256), "tiny": ((40_000, 8, 8, 1), 64)}  # examples, and those of a step
HELD_OUT = 1_000
PLAIN = "plain loop"
SYSTEMS = (PLAIN, "plain loop, CUDA graph", "dl.fit", "dl.fit, CUDA graph", "dl.fit, auto precision", "Keras on torch")


def main() -> None:
    """Print and keep the table, or tell that there is no GPU."""
    import torch

    if not torch.cuda.is_available():
        print("gpu: no GPU here; nothing is measured")
        return
    from benchmarks.measuring import publish

    started, kept = time.monotonic(), {(net, name): list[float]() for net in SIZES for name in SYSTEMS}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            if time.monotonic() - started < MOST_SECONDS / 2:  # a round takes at most half of the time
                for (net, name), seconds in kept.items():
                    seconds += _run(net, name, folder, MOST_SECONDS - (time.monotonic() - started))
    rows: list[dict[str, object]] = []
    for (net, name), seconds in kept.items():
        (count, *_), batch = SIZES[net]
        ratios = [own / base for own, base in zip(seconds, kept[net, PLAIN], strict=False)]
        if ratios:
            shown = {"network": net, "system": name, "ms a step": min(seconds) / (count // batch) * 1e3}
            between = f"{min(ratios):.2f} to {max(ratios):.2f}"
            rows.append(shown | {"of the plain loop": statistics.median(ratios), "range": between})
    where = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "device": torch.cuda.get_device_name()}
    publish("gpu", f"Steps on {where['device']}, {where['date']}", rows, where=[where])


def _run(net: str, name: str, folder: str, left: float) -> list[float]:
    """Run one system in a process of its own; return its seconds, none where it is not installed, fails or is late."""
    own = {"PYTHONPATH": str(ROOT), "KERAS_BACKEND": "torch", "DL_RIVALS": "no", "DL_CACHE": f"{folder}/cache"}
    own["DL_CUDA_GRAPHS"] = str(int(name == "dl.fit, CUDA graph"))
    command = [sys.executable, "-m", "benchmarks.gpu", net, name, folder]
    try:
        ended = subprocess.run(
            command, cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, timeout=max(left, 1)
        )
    except subprocess.TimeoutExpired:
        return []
    if ended.returncode:
        print(f"{net}, {name}: {ended.stderr.strip().splitlines()[-1:]}")
        return []
    return [float(second) for second in json.loads(ended.stdout.splitlines()[-1])]


def noise(net: str, more: int = 0) -> tuple[Any, Any]:  # Any: arrays
    """Return grey noise, uint8 (N, H, W, 1), and random classes (N,)."""
    rng, ((count, *shape), _) = np.random.default_rng(0), SIZES[net]
    return rng.integers(0, 256, (count + more, *shape), dtype=np.uint8), rng.integers(0, 10, count + more)


def network(net: str) -> Any:  # Any: torch is imported where it is needed
    """Return the network."""
    from benchmarks import epoch, steps

    return {"convnet": epoch, "tiny": steps}[net].network()


def plain(net: str, *, graph: bool) -> float:
    """Return the seconds of the last epoch of a plain loop, on data on the device, of whole batches alone."""
    import torch

    from dl.training.graphed import cuda_graph

    images, classes = (torch.from_numpy(one).cuda() for one in noise(net))
    model = network(net).cuda().to(memory_format=torch.channels_last)
    inputs = (images.permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.RMSprop(model.parameters(), 1e-3, alpha=0.9, eps=1e-7, capturable=True)
    batch = SIZES[net][1]
    still = inputs[:batch].clone(), classes[:batch].clone()

    def step() -> list[torch.Tensor]:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(still[0]), still[1])
        loss.backward()
        optimizer.step()
        return [loss]

    take = cuda_graph(step)[0] if graph else step
    seconds = 0.0
    for _ in range(EPOCHS):
        torch.cuda.synchronize()
        started = time.perf_counter()
        for positions in torch.randperm(len(classes), device="cuda").split(batch):
            if len(positions) == batch:
                torch.index_select(inputs, 0, positions, out=still[0])
                torch.index_select(classes, 0, positions, out=still[1])
                take()
        torch.cuda.synchronize()
        seconds = time.perf_counter() - started
    return seconds


def ours(net: str, folder: str, precision: str) -> float:
    """Return the training seconds of the last epoch of dl."""
    import dl
    from dl.training.devices import Devices

    model: dict[str, dict[str, Any]] = {
        "convnet": {"recipe": "book-convnet"},
        "tiny": {"recipe": "book-dense", "model": "dense", "width": 32},
    }
    options: dict[str, Any] = {"val": HELD_OUT, "probe": HELD_OUT, "epochs": EPOCHS, "batch_size": SIZES[net][1]}
    devices = Devices(accelerator="gpu", devices="1", precision=precision)
    data = noise(net, HELD_OUT)
    run = dl.fit("vision", data, runs=f"{folder}/runs", devices=devices, rivals=False, **model[net], **options)
    return float(run.history.rows[-1]["train_seconds"])


def keras(net: str) -> float:
    """Return the seconds of the last epoch of Keras."""
    from benchmarks import contest, epoch, steps

    one = {"convnet": epoch, "tiny": steps}[net].CONTEST
    return contest.keras(replace(one, batch=SIZES[net][1], epochs=EPOCHS), *noise(net))


def run_one(net: str, name: str, folder: str) -> list[float]:
    """Return the seconds of one system in this process; none where it is not installed."""
    if name.startswith("plain"):
        return [plain(net, graph="graph" in name)]
    if name.startswith("dl"):
        return [ours(net, folder, "auto" if "auto" in name else "32-true")]
    return [keras(net)] if importlib.util.find_spec("keras") else []


if __name__ == "__main__":
    print(json.dumps(run_one(*sys.argv[1:])))
