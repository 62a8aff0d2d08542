"""Text on the film reviews of IMDB: speed, memory and accuracy of the recipes.

An epoch of book-lstm is measured as a ratio against a plain PyTorch loop that pads every review to 500 tokens, in the
same process. Asked for: at most 0.60; `fast` at least 90 % in 60 s; 1.2 GB; tokens of 25,000 reviews in 3 s,
byte pairs in 8 s.
"""

import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import dl
from benchmarks.measuring import in_turn, publish, ratios, run_dl
from dl.data.examples import Dataset, whole
from dl.data.ragged import Ragged
from dl.plugins.loading import load_plugins
from dl_text.learn import learn
from dl_text.vocabulary import Settings, Vocabulary

LONGEST, BATCH, ROUNDS = 500, 128, 2
BOOK = {
    "book-dense": "88-89 % at epoch 3-5",
    "book-lstm": "88 % or more (the book: 89.3 %)",
    "book-bigrams": "89.5 % or more",
}


class Plain(nn.Module):
    """The book's LSTM as a plain module on (B, 500) numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10_002, 32)
        self.lstm = nn.LSTM(32, 32, batch_first=True)
        self.head = nn.Linear(32, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits, (B,)."""
        _, (last, _) = self.lstm(self.embedding(tokens))
        logits: Tensor = self.head(last[-1]).squeeze(1)
        return logits


def plain(tokens: Tensor, targets: Tensor) -> float:
    """Return the seconds of one epoch of a plain loop over padded reviews."""
    network = Plain()
    optimizer = torch.optim.RMSprop(network.parameters(), 1e-3)
    started = time.perf_counter()
    for batch in torch.randperm(len(tokens)).split(BATCH):
        loss = F.binary_cross_entropy_with_logits(network(tokens[batch]), targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - started


def padded(column: Ragged) -> Tensor:
    """Return the rows with zeros in front, (N, 500)."""
    found = torch.zeros(len(column), LONGEST, dtype=torch.int64)
    for row, tokens in enumerate(column):
        found[row, LONGEST - len(tokens) :] = torch.from_numpy(tokens.astype(np.int64))
    return found


def ours() -> float:
    """Return the training seconds of one epoch of ``book-lstm`` on 20,000 reviews."""
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit("text", "imdb", recipe="book-lstm", runs=Path(folder), epochs=1, probe=500)
        return run.history.rows[-1]["train_seconds"]


def byte_pairs_of(data: Dataset) -> float:
    """Learn byte pairs of all reviews and encode them, without a cache; return the seconds."""
    texts = data.train.inputs
    assert isinstance(texts, Ragged)
    started = time.perf_counter()
    learn(whole(data.train), Settings(tokens="bpe")).encode(texts)
    return time.perf_counter() - started


def tokens_of(data: Dataset) -> tuple[float, Vocabulary, Ragged]:
    """Learn and encode all reviews, without a cache; return the seconds, the vocabulary and the tokens."""
    texts = data.train.inputs
    assert isinstance(texts, Ragged)
    started = time.perf_counter()
    vocabulary = learn(whole(data.train), Settings(max_len=LONGEST))
    encoded = vocabulary.encode(texts)
    return time.perf_counter() - started, vocabulary, encoded


def epochs_of(recipe: str, folder: Path) -> list[float]:
    """Fit a recipe cold and return its validation accuracy, epoch by epoch."""
    run_dl("fit", "text", "imdb", "--recipe", recipe, folder=folder)
    runs = sorted((folder / "runs").glob("*-imdb-*"))
    return dl.open_run(runs[-1], folder / "runs").history.column("val_accuracy")


def main() -> None:
    """Print and keep the tables."""
    rows: list[dict[str, object]] = []
    data = load_plugins().dataset("text", "imdb").load({"official": False, "data_dir": ""})
    seconds, _, encoded = min((tokens_of(data) for _ in range(3)), key=lambda found: found[0])
    rows.append({"what": f"tokens of {len(encoded):,} reviews", "asked for": "3 s", "seen": f"{seconds:.1f} s"})
    pairs = min(byte_pairs_of(data) for _ in range(3))
    rows.append({"what": "byte pairs learnt and encoded", "asked for": "8 s", "seen": f"{pairs:.1f} s"})
    with tempfile.TemporaryDirectory() as name:
        os.environ["DL_CACHE"] = str(Path(name) / "cache")  # cold: nothing of an earlier fit
        folder = Path(name)
        fit = run_dl("fit", "text", "imdb", "--json", folder=folder)
        best = json.loads(fit.stdout)["best"]["val_accuracy"]
        seen = f"{best:.2%}, {fit.seconds:.0f} s, {fit.megabytes:.0f} MB"
        rows.append({"what": "dl fit text imdb, cold", "asked for": "90 %, 60 s, 1,200 MB", "seen": seen})
        for recipe, asked in BOOK.items():
            scores = epochs_of(recipe, folder)
            best_epoch = int(np.argmax(scores)) + 1
            seen = f"{max(scores):.2%} at epoch {best_epoch}, {scores[-1]:.2%} at {len(scores)}"
            rows.append({"what": f"--recipe {recipe}, validation", "asked for": asked, "seen": seen})
    tokens, targets = padded(encoded)[:20_000], torch.from_numpy(data.train.targets[:20_000].astype(np.float32))
    kept = in_turn({"plain loop": lambda: plain(tokens, targets), "dl.fit": ours}, ROUNDS)
    ratio = ratios(kept, "plain loop")["dl.fit"]
    seen = f"{ratio:.2f} ({min(kept['dl.fit']):.1f} s against {min(kept['plain loop']):.1f} s)"
    rows.append({"what": "an epoch of book-lstm, of a plain loop padded to 500", "asked for": "0.60", "seen": seen})
    publish("text", "Text: 25,000 film reviews", rows)
