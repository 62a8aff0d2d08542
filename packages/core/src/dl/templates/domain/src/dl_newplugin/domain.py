"""The domain, put together: what dl calls to read, prepare and draw signals.

Signals are stored as float32 (N, T), all of one length. Letters: ``N`` signals, ``T`` values of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from dl.data.examples import Dataset, Examples, content_number
from dl.domain import Domain, Preprocessor
from dl.errors import BadData, BadFile
from dl.options import Options
from dl.terminal import safe_text
from numpy.typing import NDArray
from rich.text import Text

from dl_newplugin.prepare import learn, restore

BARS = "▁▂▃▄▅▆▇█"
SUFFIX = ".npy"


def load() -> Domain:
    """Return the domain."""
    return Domain(
        open_path=open_path,
        learn=learn,
        restore=restore,
        read=read,
        draw=draw,
        sketch=lambda signal: _bars(signal, 60),
        recognize=recognize,
    )


def open_path(path: Path, _options: Options) -> Dataset:
    """Read a user's own signals: a folder for each class.

    Raises:
        BadData: If there are fewer than two classes.
        BadFile: If a file is no signal.
    """
    folders = sorted(folder for folder in path.glob("*/") if list(folder.glob(f"*{SUFFIX}")))
    if len(folders) < 2:
        raise BadData(
            f"{safe_text(path)!r} holds {len(folders)} folders with {SUFFIX} files; a class each, two or more"
        )
    files = [(file, label) for label, folder in enumerate(folders) for file in sorted(folder.glob(f"*{SUFFIX}"))]
    examples = _examples([file for file, _ in files])
    targets = np.array([label for _, label in files])
    names = tuple(folder.name for folder in folders)
    train = Examples(examples.inputs, targets, examples.ids, names, examples.sources)
    return Dataset(path.name, train, title=f"{len(train):,} signals of {len(names)} classes", source=str(path))


def read(paths: Sequence[Path], preprocessor: Preprocessor) -> Examples:
    """Read signals for a prediction: files, or folders with files somewhere below them.

    Raises:
        BadData: If there is no signal, or one is not as long as those that were trained on.
        BadFile: If a path is not there, or a file is no signal.
    """
    for path in paths:
        if not path.exists():
            raise BadFile(f"{safe_text(path)!r} is not there")
    files = [file for path in paths for file in (sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path])]
    examples = _examples(files)
    if examples.array.shape[1:] != preprocessor.input_shape[1:]:
        found, wanted = examples.array.shape[1], preprocessor.input_shape[1]
        raise BadData(f"these signals have {found} values; those that were trained on have {wanted}")
    return examples


def draw(signal: NDArray[np.float32], width: int) -> Text:
    """Draw one signal (T,) as a line of bars."""
    return Text(_bars(signal, width))


def recognize(path: Path, _options: Options) -> float:
    """Say how surely a path holds signals, by the names of its files."""
    return 1.0 if next(path.glob(f"*/*{SUFFIX}"), None) else 0.0


def _examples(files: Sequence[Path]) -> Examples:
    """Read files in this order; targets are zeros, and ids come from content and place."""
    if not files:
        raise BadData(f"there is no {SUFFIX} file")
    signals = [_signal(file) for file in files]
    lengths = {len(signal) for signal in signals}
    if len(lengths) > 1:
        raise BadData(f"signals of {min(lengths)} to {max(lengths)} values; all must have as many")
    ids = [content_number(signal.tobytes() + str(file).encode()) for signal, file in zip(signals, files, strict=True)]
    return Examples(np.stack(signals), np.zeros(len(files), np.int64), np.array(ids), (), tuple(map(str, files)))


def _signal(file: Path) -> NDArray[np.float32]:
    try:
        values: NDArray[Any] = np.load(file, allow_pickle=False)  # Any: as stored
    except (OSError, ValueError, EOFError) as error:
        raise BadFile(f"{safe_text(file)!r} cannot be read: {error}") from error
    if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype.kind not in "fiu" or not len(values):
        raise BadFile(f"{safe_text(file)!r} is no signal: expected a row of numbers")
    if not np.isfinite(values).all():
        raise BadFile(f"{safe_text(file)!r} holds values that are not finite numbers")
    return values.astype(np.float32)


def _bars(signal: NDArray[np.float32], width: int) -> str:
    """Return the means of at most so many stretches as bars."""
    means = np.array([stretch.mean() for stretch in np.array_split(signal, min(width, len(signal)))])
    low, high = float(means.min()), float(means.max())
    heights = (means - low) / (high - low or 1.0) * (len(BARS) - 1)
    return "".join(BARS[round(float(height))] for height in heights)
