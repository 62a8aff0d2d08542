"""Data larger than memory: ``python -m benchmarks.scale --gb 20`` on generated images and rows, small by default.

JPEGs of 256 x 256 are decoded and cached by `dl`, against a plain loop of two processes that decodes with pillow and
keeps its pixels in a mapped array as well; asked for: 0.95 of its speed, and nothing decoded a second time. A fit on
the cache is watched for its memory beyond the page cache; asked for: below 2 GB. Likewise the fit of a CSV. What the
order in blocks costs is the accuracy of fits on digits sorted by class, the worst case, in a full shuffle and in
windows of 1/10 and of 1/80 of the data, as 256 MiB are of 20 GB.
"""

import argparse
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import dl
from benchmarks.measuring import DL, in_turn, publish, ratios
from dl.options import Options
from dl.plugins.loading import load_plugins
from dl.training import batches
from dl.training.devices import Devices
from dl_vision.domain import open_path

SIDE, CLASSES, BASES, AT_ONCE, ROUNDS = 256, 10, 200, 64, 3
DECODED = SIDE * SIDE * 3  # bytes of an image
READING: Options = {"size": 0, "colour": "auto", "bad_files": "stop"}
COLUMNS, ROW = 10, 87  # numbers in a row of the CSV, and its bytes
SEEDS, DIGITS, ROWS_PER_BLOCK, EPOCHS = 3, 12_000, 12, 3
WINDOWS = {"full": 0, "windows of 1/10": 83, "windows of 1/80": 10}  # of 833 blocks of one class each


def write_images(folder: Path, count: int) -> list[str]:
    """Write JPEGs in folders by class, each different; return their paths."""
    rng, paths = np.random.default_rng(0), []
    small = rng.integers(0, 255, (BASES, 8, 8, 3), np.uint8)
    bases = [np.asarray(Image.fromarray(one).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for one in small]
    for number in range(CLASSES):
        (folder / f"class{number}").mkdir(parents=True)
    for number in range(count):
        pixels = bases[number % BASES].copy()
        pixels[:16, :16] = rng.integers(0, 255, (16, 16, 3))
        paths.append(str(folder / f"class{number % CLASSES}" / f"{number}.jpg"))
        Image.fromarray(pixels).save(paths[-1], quality=75)
    return paths


def write_rows(path: Path, count: int) -> None:
    """Write a CSV of numbers, a category and two classes."""
    rng = np.random.default_rng(0)
    with path.open("w") as stream:
        stream.write(",".join([*(f"x{k}" for k in range(COLUMNS)), "kind", "label"]) + "\n")
        for first in range(0, count, 100_000):
            numbers = rng.normal(size=(min(100_000, count - first), COLUMNS)).round(4)
            label = np.where(numbers[:, 0] + numbers[:, 1] + rng.normal(size=len(numbers)) > 0, "yes", "no")
            kind = rng.choice(["red", "green", "blue"], len(numbers))
            words = zip(numbers.tolist(), kind.tolist(), label.tolist(), strict=True)
            stream.writelines(f"{','.join(map(str, cells))},{one},{other}\n" for cells, one, other in words)


def _keep_rows(given: tuple[str, Sequence[tuple[int, str]]]) -> None:
    kept = np.lib.format.open_memmap(given[0], "r+")
    for number, path in given[1]:
        with Image.open(path) as image:
            kept[number] = np.asarray(image.convert("RGB"))


def plain(paths: Sequence[str], folder: Path) -> float:
    """Return the seconds of a plain loop of two processes that keeps all pixels."""
    target = str(folder / "plain.npy")
    np.lib.format.open_memmap(target, "w+", np.uint8, (len(paths), SIDE, SIDE, 3)).flush()
    every = list(enumerate(paths))
    pieces = [(target, every[first : first + AT_ONCE]) for first in range(0, len(every), AT_ONCE)]
    with get_context("spawn").Pool(2) as pool:
        pool.map(_keep_rows, [(target, ())] * 16, chunksize=1)  # both have started
        started = time.perf_counter()
        pool.map(_keep_rows, pieces, chunksize=1)
        seconds = time.perf_counter() - started
    Path(target).unlink()
    return seconds


def ours(images: Path, cache: Path, *, cold: bool) -> float:
    """Return the seconds in which `dl` reads the folder, decoding it, or from its cache."""
    os.environ["DL_CACHE"] = str(cache)
    for path in (cache / "images").glob("*") if cold else ():
        path.unlink()
    started = time.perf_counter()
    open_path(images, READING)
    return time.perf_counter() - started


def watch(*arguments: str, folder: Path) -> tuple[float, float]:
    """Run ``dl``; return its seconds, and the largest memory in MB that is no page cache."""
    most, started = [0.0], time.perf_counter()
    child = subprocess.Popen([str(DL), *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def look() -> None:
        while child.poll() is None:
            try:
                status = Path(f"/proc/{child.pid}/status").read_text()
                most[0] = max(most[0], float(status.partition("RssAnon:")[2].split()[0]) / 1024)
            except (OSError, IndexError):
                pass
            time.sleep(0.05)

    looking = threading.Thread(target=look)
    looking.start()
    code = child.wait()
    looking.join()
    if code:
        raise RuntimeError(f"dl {' '.join(arguments)} ended with {code}")
    return time.perf_counter() - started, most[0]


def accuracy(window: int, seed: int) -> float:
    """Return the validation accuracy after `EPOCHS` epochs on digits sorted by class, in a full shuffle or in windows.

    Args:
        window: Blocks of a window; 0 for a full shuffle.
        seed: Of the fit.
    """
    plugins = load_plugins()
    name = ("vision", "mnist")
    spec = plugins.datasets[name]
    whole = spec.load({})
    some = np.sort(np.random.default_rng(0).choice(len(whole.train), DIGITS, replace=False))
    order = some[np.argsort(whole.train.targets[some], kind="stable")]
    ordered = replace(whole, train=whole.train.take(order), val=None)
    plugins = replace(plugins, datasets={**plugins.datasets, name: replace(spec, load=lambda _options: ordered)})
    batches.WINDOW = window or batches.WINDOW
    batches.BLOCK = ROWS_PER_BLOCK * 28 * 28
    given: dict[str, Any] = {
        "shuffle": "blocks" if window else "full",
        "rivals": False,
        "plugins": plugins,
        "val": 2_000,
        "seed": seed,
    }
    given |= {"epochs": EPOCHS, "optimizer": "adamw", "schedule": "one-cycle", "devices": Devices("cpu", "1")}
    with tempfile.TemporaryDirectory() as runs:
        run = dl.fit(*name, recipe="book-convnet", runs=Path(runs), **given)
        return float(run.history.rows[-1]["val_accuracy"])


def main(gb: float = 0.2, rounds: int = ROUNDS, where: str = "") -> None:
    """Print and keep the table.

    Args:
        gb: Of pixels, and a tenth of it of rows.
        rounds: In which the two loops take turns.
        where: A folder on the disk to measure; the temporary folder by default.
    """
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(dir=where or None) as name:
        folder = Path(name)
        images, cache, table = folder / "images", folder / "cache", folder / "rows.csv"
        paths = write_images(images, max(int(gb * 1e9 / DECODED), 2 * CLASSES * AT_ONCE))
        size = f"{len(paths):,} JPEGs of {SIDE}x{SIDE}"
        turns = {"plain": lambda: plain(paths, folder), "dl": lambda: ours(images, cache, cold=True)}
        kept = in_turn(turns, rounds)
        speed, again = 1 / ratios(kept, "plain")["dl"], ours(images, cache, cold=False)
        seen = f"{speed:.2f} ({min(kept['dl']):.1f} s against {min(kept['plain']):.1f} s)"
        rows.append({"what": f"decode and cache {size}, of a plain loop's speed", "asked for": "0.95", "seen": seen})
        rows.append({"what": "read them again", "asked for": "nothing decoded", "seen": f"{again:.1f} s"})
        fit = ("vision", str(images), "--model", "convnet", "width=2", "epochs=1", "batch_size=64", "size=0")
        seconds, most = watch("fit", *fit, "shuffle=blocks", "--no-rivals", folder=folder)
        pixels = f"{len(paths) * DECODED / 1e9:.2g} GB of pixels"
        seen = f"{most / 1000:.2f} GB in {seconds:.0f} s"
        rows.append({"what": f"memory of a fit on {pixels}, beyond the page cache", "asked for": "2 GB", "seen": seen})
        count = max(int(gb * 1e8 / ROW), 20_000)
        write_rows(table, count)
        os.environ["DL_MEMORY"] = f"{max(gb * 0.1, 0.001):.6f}GB"  # as if the table did not fit
        of_rows = ("tabular", str(table), "target=label", "--model", "dense", "epochs=1", "batch_size=4096")
        seconds, most = watch("fit", *of_rows, "--no-rivals", folder=folder)
        del os.environ["DL_MEMORY"]
        what = f"memory of a fit on {count:,} rows, {table.stat().st_size / 1e9:.2g} GB of CSV"
        rows.append({"what": what, "asked for": "-", "seen": f"{most / 1000:.2f} GB in {seconds:.0f} s"})
        del os.environ["DL_CACHE"]
    for words, window in WINDOWS.items():
        found = [accuracy(window, seed) for seed in range(SEEDS)]
        seen = ", ".join(f"{one:.2%}" for one in found)
        what = f"{DIGITS - 2_000:,} digits sorted by class, three epochs, validation accuracy: {words}"
        rows.append({"what": what, "asked for": "-", "seen": seen})
    publish("scale", f"Data larger than memory, {gb:g} GB of pixels", rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure data larger than memory.")
    parser.add_argument("--gb", type=float, default=0.2, help="GB of pixels; needs about twice that on the disk")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="in which the two loops take turns")
    parser.add_argument("--where", default="", help="a folder on the disk to measure")
    asked = parser.parse_args()
    main(asked.gb, asked.rounds, asked.where)
