"""Data larger than memory, on generated images and rows: few of them, unless more are asked for.

    python -m benchmarks.scale decode --images 50000    # needs 10 GB on the disk, and 5 KB an image
    python -m benchmarks.scale memory --gb 20           # needs 21 GB

- ``decode``: JPEGs of 256 x 256 are decoded and cached by `dl`, against a plain loop of two processes that decodes with
  pillow and keeps its pixels in a mapped array as well. Asked for: 0.95 of its speed, and no image decoded again.
- ``memory``: a fit on such a cache is watched for its memory beyond the page cache. Asked for: below 2 GB.
- ``rows``: likewise the fit of a CSV of a tenth of the size.
- ``order``: what the order in blocks costs is the accuracy of fits on digits sorted by class, the worst case, in a full
  shuffle and in windows of 1/10 and of 1/80 of the data, as 256 MiB are of 20 GB.
"""

import argparse
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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

PARTS = ("decode", "memory", "rows", "order")
SIDE, CLASSES, BASES, AT_ONCE, ROUNDS = 256, 10, 200, 64, 3
FEWEST = 2 * CLASSES * AT_ONCE  # images
DECODED = SIDE * SIDE * 3  # bytes of an image
SMALLEST = ("width=2", "depth=1")  # a network that costs less than the reading of its images
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


def forget(cache: Path) -> None:
    """Delete the entries of the cache, so that its disk need not hold two copies of the pixels."""
    for path in (cache / "images").glob("*"):
        path.unlink()


def ours(images: Path) -> float:
    """Return the seconds in which `dl` reads the folder, decoding it, or from its cache."""
    started = time.perf_counter()
    open_path(images, READING)
    return time.perf_counter() - started


def _beyond_the_page_cache(pid: int) -> float:
    """Return the MB of a process and of all that it has started that are no pages of a file."""
    pids, found = [pid], 0.0
    for one in pids:
        try:
            status = Path(f"/proc/{one}/status").read_text()
            found += sum(float(status.partition(f"{name}:")[2].split()[0]) for name in ("RssAnon", "RssShmem")) / 1024
            pids += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
        except (OSError, IndexError):  # it has just ended
            pass
    return found


def watch(*arguments: str, folder: Path) -> tuple[float, float]:
    """Run ``dl``; return its seconds, and the largest memory in MB of all its processes that is no page cache."""
    most, started = [0.0], time.perf_counter()
    child = subprocess.Popen([str(DL), *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def look() -> None:
        while child.poll() is None:
            most[0] = max(most[0], _beyond_the_page_cache(child.pid))
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


@contextmanager
def images_and_cache(count: int, where: str) -> Iterator[tuple[Path, Path, list[str]]]:
    """Inside this context there are so many JPEGs, and an empty cache that can hold their pixels beside them."""
    with tempfile.TemporaryDirectory(dir=where or None) as name:
        folder = Path(name)
        os.environ |= {"DL_CACHE": str(folder / "cache"), "DL_CACHE_SIZE": f"{2 * count * DECODED / 1e9 + 1:.0f}GB"}
        try:
            yield folder, folder / "cache", write_images(folder / "images", count)
        finally:
            del os.environ["DL_CACHE"], os.environ["DL_CACHE_SIZE"]


def decode(count: int, rounds: int, where: str) -> list[dict[str, object]]:
    """Measure how fast images are decoded and cached, in turns with a plain loop."""

    def cold(cache: Path, read: Callable[[], float]) -> float:
        forget(cache)
        return read()

    with images_and_cache(count, where) as (folder, cache, paths):
        turns = {
            "plain": lambda: cold(cache, lambda: plain(paths, folder)),
            "dl": lambda: cold(cache, lambda: ours(folder / "images")),
        }
        kept = in_turn(turns, rounds)
        again = ours(folder / "images")
    each = sorted(base / value for base, value in zip(kept["plain"], kept["dl"], strict=True))
    seen = f"{1 / ratios(kept, 'plain')['dl']:.2f} ({each[0]:.2f}-{each[-1]:.2f}) in {rounds} rounds"
    times = f"; at best {min(kept['dl']):.1f} s against {min(kept['plain']):.1f} s"
    what = f"decode and cache {count:,} JPEGs of {SIDE}x{SIDE}, of a plain loop's speed"
    return [
        {"what": what, "asked for": "0.95", "seen": seen + times},
        {"what": "read them again", "asked for": "nothing decoded", "seen": f"{again:.1f} s"},
    ]


def memory(count: int, where: str) -> list[dict[str, object]]:
    """Measure the memory of a fit on cached pixels, and its epoch."""
    with images_and_cache(count, where) as (folder, _cache, _paths):
        seconds = ours(folder / "images")
        rows: list[dict[str, object]] = [
            {"what": f"decode and cache {count:,} JPEGs, once", "asked for": "-", "seen": f"{seconds:.0f} s"}
        ]
        fit = ("vision", str(folder / "images"), "--model", "convnet", *SMALLEST, "epochs=1", "batch_size=64", "size=0")
        seconds, most = watch("fit", *fit, "shuffle=blocks", "--no-rivals", folder=folder)
    what = f"memory of a fit on {count * DECODED / 1e9:.3g} GB of pixels, beyond the page cache"
    return [*rows, {"what": what, "asked for": "2 GB", "seen": f"{most / 1000:.2f} GB in {seconds:.0f} s"}]


def rows(count: int, where: str) -> list[dict[str, object]]:
    """Measure the memory of a fit on a CSV, as if it did not fit into the memory."""
    with tempfile.TemporaryDirectory(dir=where or None) as name:
        folder = Path(name)
        table, cache = folder / "rows.csv", folder / "cache"
        write_rows(table, count)
        size = table.stat().st_size / 1e9
        os.environ |= {"DL_CACHE": str(cache), "DL_MEMORY": f"{max(size, 0.001):.6f}GB"}
        of_rows = ("tabular", str(table), "target=label", "--model", "dense", "epochs=1", "batch_size=4096")
        try:
            seconds, most = watch("fit", *of_rows, "--no-rivals", folder=folder)
        finally:
            del os.environ["DL_CACHE"], os.environ["DL_MEMORY"]
    what = f"memory of a fit on {count:,} rows, {size:.2g} GB of CSV"
    return [{"what": what, "asked for": "-", "seen": f"{most / 1000:.2f} GB in {seconds:.0f} s"}]


def order() -> list[dict[str, object]]:
    """Measure what the order in blocks costs."""
    found: list[dict[str, object]] = []
    for words, window in WINDOWS.items():
        seen = ", ".join(f"{accuracy(window, seed):.2%}" for seed in range(SEEDS))
        what = f"{DIGITS - 2_000:,} digits sorted by class, three epochs, validation accuracy: {words}"
        found.append({"what": what, "asked for": "-", "seen": seen})
    return found


def main(parts: Sequence[str] = PARTS, count: int = FEWEST, rounds: int = ROUNDS, where: str = "") -> None:
    """Print and keep a table for each part.

    Args:
        parts: Of `PARTS`.
        count: Of images; the rows are a tenth of their pixels.
        rounds: In which the two loops take turns.
        where: A folder on the disk to measure; the temporary folder by default.
    """
    measure: dict[str, Callable[[], list[dict[str, object]]]] = {
        "decode": lambda: decode(count, rounds, where),
        "memory": lambda: memory(count, where),
        "rows": lambda: rows(max(count * DECODED // 10 // ROW, 20_000), where),
        "order": order,
    }
    for part in parts:
        publish(f"scale-{part}", f"Data larger than memory: {part}", measure[part]())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure data larger than memory.")
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; none for all")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--images", type=int, default=FEWEST, help="how many")
    size.add_argument("--gb", type=float, help="GB of their pixels")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="in which the two loops take turns")
    parser.add_argument("--where", default="", help="a folder on the disk to measure")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no part named {', '.join(sorted(unknown))}")
    images = asked.images if asked.gb is None else int(asked.gb * 1e9 / DECODED) + 1
    main(asked.parts or PARTS, max(images, FEWEST), asked.rounds, asked.where)
