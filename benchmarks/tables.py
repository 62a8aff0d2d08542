"""A large CSV of texts of the user's own: the memory and the seconds that showing and learning it cost.

    python -m benchmarks.tables 5

makes one of 5 GB in the temporary folder and takes it away again; without a size it is a quarter of a GB. Asked for: a
file of 5 GB needs no 5 GB of memory.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.measuring import publish, run_dl

WORDS, SENTENCES = 50_000, 20_000  # of the language that is made up
SENTENCE, TEXT = 14, 16  # words and sentences: about 1,300 bytes a row, as a film review has
ROWS = 2_000  # written at once
GB = 1_000_000_000
SPARE = 3  # times the size that the disk must have free: the file, its texts, its tokens
SMALL = ("--model", "bag", "depth=0", "epochs=1", "vocabulary=5000", "max_len=100", "batch_size=512")


def sentences(rng: np.random.Generator) -> list[list[bytes]]:
    """Make up sentences for each of two classes: the frequent words are shared, a few tell the class."""
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)
    words = [rng.choice(letters, length).tobytes() for length in rng.integers(2, 10, WORDS)]
    frequency = 1 / np.arange(1, WORDS + 1)
    shared = rng.choice(WORDS, (SENTENCES, SENTENCE), p=frequency / frequency.sum())
    telling = rng.integers(100, 200, SENTENCES)
    made: list[list[bytes]] = []
    for label in (0, 1):
        shared[:, 0] = telling + 100 * label
        made.append([b" ".join(words[k] for k in row) for row in shared])
    return made


def rows(size: int, seed: int = 0) -> Iterator[bytes]:
    """Give the lines of a CSV of so many bytes, a few thousand at a time."""
    rng = np.random.default_rng(seed)
    by_label = sentences(rng)
    yield b"text,label\n"
    written, number = 11, 0
    while written < size:
        labels, picked = rng.integers(0, 2, ROWS), rng.integers(0, SENTENCES, (ROWS, TEXT))
        lines = []
        for label, row in zip(labels.tolist(), picked.tolist(), strict=True):
            of_class = by_label[label]
            lines.append(b'"%s, %d",%s' % (b". ".join([of_class[k] for k in row]), number, (b"bad", b"good")[label]))
            number += 1
        block = b"\n".join(lines) + b"\n"
        written += len(block)
        yield block


def main(gigabytes: float = 0.25) -> None:
    """Print and keep the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["DL_CACHE"] = str(folder / "cache")
        if shutil.disk_usage(folder).free < SPARE * gigabytes * GB:
            sys.exit(f"a table of {gigabytes:g} GB needs {SPARE * gigabytes:g} GB free in {folder.parent}")
        with (folder / "big.csv").open("wb") as stream:
            for block in rows(int(gigabytes * GB)):
                stream.write(block)
        kept: list[dict[str, object]] = []
        for words in (("show", "big.csv"), ("fit", "text", "big.csv", *SMALL)):
            done = run_dl(*words, folder=folder)
            seen = {"seconds": round(done.seconds), "peak MB": round(done.megabytes)}
            kept.append({"file": f"{gigabytes:g} GB", "command": f"dl {' '.join(words)}", **seen})
    publish("tables", f"A CSV of {gigabytes:g} GB", kept)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:2]))
