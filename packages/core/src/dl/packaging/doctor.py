"""The doctor: what this installation and machine have, and what is wrong with them."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dl import files
from dl.data import cache
from dl.errors import BadOption, CannotWrite
from dl.plugins.loading import inspect_plugins

# Older ones run code from files that they should only read, or were never safe.
FLOORS = {"torch": (2, 10), "lightning": (2, 6, 6), "pillow": (12, 3)}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Args:
        name: What.
        message: What was found, and what to do if it is not well.
        ok: Whether it is well.
    """

    name: str
    message: str
    ok: bool = True

    def as_dict(self) -> dict[str, object]:
        """Return what is printed as JSON."""
        return asdict(self)


def examine(runs: Path) -> list[Check]:
    """Look at everything."""
    python = Check("python", f"{platform.python_version()} at {sys.executable}", sys.version_info >= (3, 11))
    packages = [_package(name) for name in ("dl-core", "torch", "lightning", "torchmetrics", "pillow", "numpy")]
    return [python, *packages, *_plugins(), _devices(), _writable("runs", runs), _cache()]


def _package(name: str) -> Check:
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(name, "not installed", ok=name not in FLOORS or name == "pillow")
    floor = FLOORS.get(name, ())
    numbers = tuple(int(part) for part in found.split("+")[0].split(".")[:3] if part.isdigit())
    if numbers < floor:
        wanted = ".".join(map(str, floor))
        return Check(name, f"{found} is not safe; install {name}>={wanted}", ok=False)
    return Check(name, found)


def _plugins() -> list[Check]:
    plugins = inspect_plugins()
    bad = [Check("plugins", line, ok=False) for line in plugins.failures]
    counts = f"{len(plugins.domains)} domains, {len(plugins.datasets)} data sets, {len(plugins.models)} models"
    return [Check("plugins", counts, ok=bool(plugins.domains)), *bad]


def _devices() -> Check:
    import torch

    gpus = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
    return Check("devices", f"{os.cpu_count()} CPU cores, {torch.get_num_threads()} threads; GPUs: {gpus or 'none'}")


def _writable(name: str, folder: Path) -> Check:
    try:
        files.make_folder(folder)
    except CannotWrite as error:
        return Check(name, str(error), ok=False)
    return Check(name, str(folder.resolve()))


def _cache() -> Check:
    check = _writable("cache", cache.cache_root())
    try:
        most = cache.most_bytes()
    except BadOption as error:
        return Check("cache", str(error), ok=False)
    size = sum(entry.size for entry in cache.entries())
    held = f"{size / 1e9:.1f} GB of at most {most / 1e9:g} GB, {cache.SIZE}="
    return Check("cache", f"{check.message}  holds {held}") if check.ok else check
