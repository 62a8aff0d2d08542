"""Learnt features on photographs, against networks from the start and linear models; and what features cost.

    pip install --no-deps scikit-image==0.26.0
    python -m benchmarks features          # 2,000 images; about 15 minutes on two cores
    python -m benchmarks.features short    # 300 images; about two minutes

There is no set of labelled photographs on the package index that is small, free and shipped as it is. So the images are
tiles of 64 pixels, cut from ten coloured photographs of scikit-image and scikit-learn - a cat, coffee, a rocket, stars
- each under a light of its own colour and mirrored at random; the class is the photograph. Tiles of one square of
100 pixels of a photograph are a group, on one side of the split. Its limits: ten scenes, each seen once, so it measures
how textures and parts are told apart, not how well a new cat is recognized.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import dl
from benchmarks.measuring import publish

PHOTOS = {
    "scikit-image": (
        *("skimage/data/astronaut.png", "skimage/data/chelsea.png", "skimage/data/coffee.png"),
        *("skimage/data/hubble_deep_field.jpg", "skimage/data/ihc.png", "skimage/data/motorcycle_left.png"),
        *("skimage/data/retina.jpg", "skimage/data/rocket.jpg"),
    ),
    "scikit-learn": ("sklearn/datasets/images/china.jpg", "sklearn/datasets/images/flower.jpg"),
}
SIDE, SQUARE = 64, 100  # pixels of a tile, and of the squares in which tiles lie
LIGHT = 0.5  # the brightness of each colour is drawn between 1 minus and 1 plus this
MODELS: dict[str, dict[str, Any]] = {  # Any: options
    "convnet, from the start": {"model": "convnet"},
    "convnet, mirrored and moved": {"model": "convnet", "reg": {"random-flip": {}, "random-crop": {}}},
    "linear on pixels": {"model": "linear"},
    "linear on features": {"model": "linear-features"},
    "head on frozen features": {"model": "efficientnet-lite0", "size": SIDE, "side": SIDE},
    "two stages trained as well": {"model": "efficientnet-lite0", "size": SIDE, "side": SIDE, "unfreeze": 2},
}
LIMIT, SPEED = 5.0, 0.9  # seconds of a head on 2,000 features; and of features, relative to a plain loop


def main(number: int = 2_000) -> None:
    """Print and keep the tables."""
    with tempfile.TemporaryDirectory() as name:
        tiles = write_tiles(Path(name), number)
        publish("features", f"{number:,} tiles of ten photographs", [_row(tiles, what) for what in MODELS])
        publish("feature-speed", "What features cost", [_head(tiles, number), _speed()])


def write_tiles(folder: Path, number: int) -> Path:
    """Write tiles of the photographs, and a table of their files, classes and squares; return the table's path."""
    rng = np.random.default_rng(0)
    photos = [path for package, names in PHOTOS.items() for path in _located(package, names)]
    folder.mkdir(exist_ok=True)
    rows = ["file,photo,square"]
    for path in photos:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        for count in range(number // len(photos)):
            square, tile = _tile(pixels, rng)
            Image.fromarray(tile).save(folder / f"{path.stem}-{count}.png")
            rows.append(f"{path.stem}-{count}.png,{path.stem},{path.stem} {square}")
    (folder / "tiles.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "tiles.csv"


def _located(package: str, names: tuple[str, ...]) -> list[Path]:
    try:
        return [Path(str(distribution(package).locate_file(name))) for name in names]
    except PackageNotFoundError as error:
        raise SystemExit(f"{package} is not installed; see benchmarks/requirements.txt") from error


def _tile(pixels: NDArray[np.uint8], rng: np.random.Generator) -> tuple[int, NDArray[np.uint8]]:
    """Return the number of a square, and a tile in it, in another light and perhaps mirrored."""
    rows, columns = pixels.shape[0] // SQUARE, pixels.shape[1] // SQUARE
    square = int(rng.integers(rows * columns))
    top, left = (SQUARE * place + int(rng.integers(SQUARE - SIDE + 1)) for place in divmod(square, columns))
    tile = pixels[top : top + SIDE, left : left + SIDE, :: rng.choice([1, -1])]
    lit = tile * rng.uniform(1 - LIGHT, 1 + LIGHT, 3)
    return square, np.clip(lit, 0, 255).astype(np.uint8)


def _fit(tiles: Path, **options: Any) -> dl.Run:  # Any: options of a fit
    given = {"target": "photo", "group_on": "square", **options}
    return dl.fit("vision", str(tiles), runs=tiles.parent / "runs", rivals=False, **given)


def _row(tiles: Path, what: str) -> dict[str, object]:
    """Return a row of the table: validation accuracy with its interval, and the seconds of the fit."""
    started = time.perf_counter()
    best = _fit(tiles, **MODELS[what]).best
    interval = f"[{100 * best['val_low']:.1f}, {100 * best['val_high']:.1f}]"
    row = {"model": what, "accuracy, %": round(100 * best["val_accuracy"], 1), "interval": interval}
    return {**row, "seconds": round(time.perf_counter() - started, 1)}


def _head(tiles: Path, number: int) -> dict[str, object]:
    """Return the seconds of a fit whose features are in the cache."""
    run = _fit(tiles, **MODELS["head on frozen features"])
    what = f"head on {number:,} cached features, s"
    return {"what": what, "measured": round(run.manifest.seconds or 0.0, 2), "asked for": LIMIT}


def _speed(images: int = 64, rounds: int = 5) -> dict[str, object]:
    """Return the speed of features, relative to the same network in a plain loop, at 224 pixels."""
    from dl.data.examples import Examples, whole
    from dl_backbones.models import extractor

    found = extractor(3, 224, 224, 1, 0)
    pixels = np.random.default_rng(0).integers(0, 256, (images, 224, 224, 3), dtype=np.uint8)
    examples = Examples(pixels, np.zeros(images, np.int64), np.arange(images))

    def ours() -> None:
        for _ in found._batches(whole(examples)):
            pass

    def plain() -> None:
        with torch.inference_mode():
            for start in range(0, images, 32):
                batch = torch.from_numpy(pixels[start : start + 32]).permute(0, 3, 1, 2).float()
                found.body.network((batch - 127) / 128)  # type: ignore[operator]  # a module

    ratios = [_seconds(plain) / _seconds(ours) for _ in range(rounds)]
    what = "features at 224 pixels, speed relative to a plain loop"
    return {"what": what, "measured": round(statistics.median(ratios), 2), "asked for": SPEED}


def _seconds(work: Any) -> float:  # Any: a function
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main(300 if "short" in sys.argv else 2_000)
