"""Lines of three to eight MNIST digits: the error rate on test, the time of the fit, and an epoch against a plain loop.

Asked for: a character error rate of at most 2 % in at most 5 minutes on two cores, and a plain loop of the same network
at most 1.1 times faster.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import dl
from benchmarks.measuring import in_turn, publish, ratios
from dl.options import check
from dl.plugins.loading import load_plugins

BATCH, ROUNDS = 64, 3


def plain() -> float:
    """Return the seconds of one epoch of a plain loop over tensors in memory."""
    plugins = load_plugins()
    data, spec = plugins.dataset("vision", "mnist-lines").load({}).train, plugins.model("vision", "crnn")
    inputs = torch.from_numpy(data.array).permute(0, 3, 1, 2).float() / 255
    targets = torch.from_numpy(data.targets.astype(np.int64))
    sizes = (targets >= 0).sum(dim=1)
    assert spec.build_steps is not None
    net = spec.build_steps(tuple(inputs.shape[1:]), 11, check(spec.options, {}, spec.name))
    optimizer = torch.optim.Adam(net.parameters(), 1e-3)
    started = time.perf_counter()
    for batch in torch.randperm(len(inputs)).split(BATCH):
        paths = net(inputs[batch]).log_softmax(dim=2).transpose(0, 1)
        steps = torch.full((len(batch),), len(paths))
        loss = F.ctc_loss(paths, targets[batch].clamp_min(0) + 1, steps, sizes[batch])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
    return time.perf_counter() - started


def ours() -> float:
    """Return the training seconds of one epoch of `dl.fit`."""
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit("vision", "mnist-lines", runs=Path(folder), epochs=1, probe=1000)
        return run.history.rows[-1]["train_seconds"]


def main() -> None:
    """Print and keep both tables."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run = dl.fit("vision", "mnist-lines", runs=Path(folder))
        seconds, epochs = time.perf_counter() - started, len(run.history.rows)
        found = dl.evaluate(run)
    rate, exact = found.metrics["character_error_rate"], found.metrics["exact"]
    publish(
        "lines",
        "Strings of 3 to 8 digits, 20,000 lines, tested on 4,000 lines of other digits",
        [{"epochs": epochs, "seconds": seconds, "error rate": rate, "lines without an error": exact}],
        "asked for: at most 0.02 in at most 300 s",
    )
    kept = in_turn({"plain loop": plain, "dl.fit": ours}, ROUNDS)
    rows: list[dict[str, object]] = [
        {"loop": name, "s": min(kept[name]), "of the plain loop": ratio}
        for name, ratio in ratios(kept, "plain loop").items()
    ]
    publish("lines_epoch", "An epoch of 20,000 lines", rows, "asked for: at most 1.1")
