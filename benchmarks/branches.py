"""A step of the network of two branches, texts and rows, beside the same network in a plain loop; batch 64, one thread.

The plain loop has tokens, their weights and rows as tensors in memory, pads each batch, and counts no metric.
Asked for: at most 1.10. ``DL_ROUNDS=1`` makes one round.
"""

import csv
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

import dl
from benchmarks.measuring import in_turn, publish, ratios
from dl.branches.prepare import BranchesPreprocessor
from dl.data.branches import Branches
from dl.data.examples import row_of
from dl.data.ragged import Ragged, as_text
from dl.domain import encode_examples
from dl.padded import Padded
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.training.batches import bucket_by_length
from dl.training.optimizers import make_optimizer
from dl.training.setup import set_up
from dl_reviews.reviews import load_rotten_tomatoes

BATCH, EPOCHS, ROUNDS = 64, 3, int(os.environ.get("DL_ROUNDS", "5"))
OPTIONS: dict[str, Any] = {
    "target": "label",
    "epochs": EPOCHS,
    "batch_size": BATCH,
    "schedule": "constant",
}  # Any: arguments of `dl.fit`
OFF = dict.fromkeys(("weight-averaging", "early-stopping"), "off")


def write_table(folder: Path) -> Path:
    """Write film sentences with three columns of noise: two of numbers and one of categories."""
    reviews, rng = load_rotten_tomatoes().train, np.random.default_rng(0)
    path = folder / "films.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["review", "size", "weight", "shop", "label"])
        for k in range(len(reviews)):
            noise = [f"{value:.4f}" for value in rng.normal(size=2)]
            writer.writerow([as_text(row_of(reviews.inputs, k)), *noise, "ABC"[k % 3], int(reviews.targets[k])])
    return path


def plain(path: Path) -> float:
    """Return the milliseconds a step of the last epoch of a plain loop."""
    setup = set_up(resolve(load_plugins(), "mixed", str(path), options=OPTIONS, reg=OFF), load_plugins())
    stored = encode_examples(setup.splits.train.examples, setup.preprocessor).inputs
    assert isinstance(stored, Branches) and isinstance(stored.parts["review"], Ragged)
    tokens = [torch.from_numpy(row.astype(np.int64)) for row in stored.parts["review"]]
    assert isinstance(setup.preprocessor, BranchesPreprocessor)
    prepare = setup.preprocessor.part("review")
    weights = [prepare(Padded(row[None], torch.tensor([len(row)]))).weights[0] for row in tokens]
    rows = setup.preprocessor.part("rows")(torch.from_numpy(stored.parts["rows"]))
    lengths = torch.tensor([len(row) for row in tokens])
    targets = setup.data.train_data.targets
    network, loss_of = setup.network.train(), setup.task.row.loss
    optimizer = make_optimizer(network, setup.recipe.train)
    rng, train = np.random.default_rng(0), setup.splits.train.index
    seconds, steps = 0.0, 0
    for _ in range(EPOCHS):
        order = bucket_by_length(rng.permutation(train), lengths.numpy(), BATCH, rng)
        started, steps = time.perf_counter(), 0
        for batch in torch.from_numpy(order).split(BATCH):
            values = pad_sequence([tokens[k] for k in batch], batch_first=True)
            weight = pad_sequence([weights[k] for k in batch], batch_first=True)
            logits = network({"review": Padded(values, lengths[batch], weight), "rows": rows[batch]})
            loss = loss_of(logits, targets[batch], "mean")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            steps += 1
        seconds = time.perf_counter() - started
    return seconds / steps * 1e3


def ours(path: Path) -> float:
    """Return the milliseconds a step of the last epoch of `dl.fit`."""
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit("mixed", path, runs=Path(folder), reg=OFF, rivals=False, probe=500, **OPTIONS)
        first, last = run.history.rows[-2:]
        return float(last["train_seconds"] / (last["step"] - first["step"]) * 1e3)


def main() -> None:
    """Print and keep the table."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = write_table(Path(folder))
        kept = in_turn({"plain loop": lambda: plain(path), "dl.fit": lambda: ours(path)}, ROUNDS)
    torch.set_num_threads(threads)
    rows: list[dict[str, object]] = [
        {"loop": name, "ms a step": min(kept[name]), "of the plain loop": ratio}
        for name, ratio in ratios(kept, "plain loop").items()
    ]
    publish("branches", "A step of two branches, texts and rows, batch 64, one thread", rows, "asked for: at most 1.10")
