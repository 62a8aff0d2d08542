"""The domain: read signals as float32 (N, T), and prepare them. Letters: ``N`` signals, ``T`` values of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from dl.data.class_folders import ClassFolders
from dl.data.examples import Subset
from dl.data.folders import Wanted
from dl.domain import Domain, Preprocessor
from dl.errors import BadData
from dl.options import Options
from numpy.typing import NDArray
from torch import Tensor


def load() -> Domain:
    """Return the domain; a signal is drawn as a line of bars, the default for numbers."""
    wanted = Wanted("signal", "signals", (".npy",), "expected a folder of .npy files for each class")
    files = ClassFolders(wanted, read_file)
    return Domain(
        open_path=files.open_path,
        learn=learn,
        restore=SignalPreprocessor.restore,
        read=lambda paths, preprocessor: files.read(paths, preprocessor.input_shape[1:]),
        recognize=files.recognize,
    )


def read_file(file: Path) -> NDArray[np.float32]:
    """Read one signal (T,); the message of an error gets the name of the file."""
    values: NDArray[Any] = np.load(file, allow_pickle=False)  # Any: as stored
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError("expected a row of finite numbers")
    return values.astype(np.float32)


class SignalPreprocessor(Preprocessor):
    """Standardize values: (N, T) to the inputs of a network, (N, 1, T)."""

    def __init__(self, length: int, mean: float, std: float) -> None:
        super().__init__(length=length, mean=mean, std=std)  # kept as JSON with a run
        self.length, self.mean, self.std = length, mean, std  # tensors would be buffers, which move to the device

    @property
    def input_shape(self) -> tuple[int, int]:
        """(1, T): one channel."""
        return (1, self.length)

    def forward(self, inputs: Tensor) -> Tensor:
        """Turn (N, T) into (N, 1, T)."""
        return ((inputs - self.mean) / self.std)[:, None]


def learn(subset: Subset, options: Options) -> SignalPreprocessor:
    """Learn mean and deviation from the training set alone."""
    signals = subset.examples.array[subset.index]
    if signals.ndim != 2:
        raise BadData(f"signals are stored as (N, values); found {signals.shape}")
    if options["scale"] == "none":
        return SignalPreprocessor(signals.shape[1], 0.0, 1.0)
    return SignalPreprocessor(signals.shape[1], float(signals.mean()), float(signals.std()) or 1.0)
