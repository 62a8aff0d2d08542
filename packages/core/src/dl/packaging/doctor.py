"""Check versions, devices, plugins and folders of this installation."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from dl import files
from dl.data import cache
from dl.errors import BadOption, CannotWrite
from dl.packaging.held import HELD
from dl.packaging.needs import Need, unmet_needs
from dl.plugins.loading import inspect_plugins
from dl.version import CORE
from dl.words import show_bytes

# Older versions can execute code from files they should only read.
FLOORS = {"torch": (2, 10), "lightning": (2, 6, 6), "pillow": (12, 3)}
BESIDE_TORCH = ("torchvision", "torchaudio", "timm")  # compiled against one build of torch, or depending on such
LONGEST = 80  # characters of an error that are shown


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Args:
        name: Of the thing checked.
        message: The finding, and the remedy if it is not ok.
        ok: Whether it is fine.
    """

    name: str
    message: str
    ok: bool = True

    def as_dict(self) -> dict[str, object]:
        """Return the JSON value."""
        return asdict(self)


def examine(runs: Path) -> list[Check]:
    """Run all checks."""
    python = Check("python", f"{platform.python_version()} at {sys.executable}", sys.version_info >= (3, 11))
    packages = [_package(name) for name in (CORE, "torch", "lightning", "torchmetrics", "pillow", "numpy")]
    folders = [_writable("runs", runs), _cache()]
    return [
        python,
        *packages,
        *_unmet(),
        *_beside_torch(),
        *_tried("plugins", _plugins),
        *_tried("torch", _devices),
        *folders,
    ]


def _tried(name: str, check: Callable[[], list[Check]]) -> list[Check]:
    """Run checks that import packages, which may be broken in any way."""
    try:
        return check()
    except Exception as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST]
        return [Check(name, f"cannot be checked: {why}  python -m pip install --force-reinstall {name}", ok=False)]


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


def _unmet() -> list[Check]:
    """Find requirements of dl, its plugins and all that these require which the installed versions do not satisfy."""
    try:
        needs = unmet_needs()
    except ImportError as error:  # of packaging itself
        return [Check("packaging", f"{error}  install it: python -m pip install packaging", ok=False)]
    return [Check(need.by.split()[0], _unmet_line(need), ok=False) for need in needs]


def _unmet_line(need: Need) -> str:
    line = f"{need.by.split()[1]} needs {need.name}{need.specifier}, and {need.here or 'none'} is here"
    return line if need.name in HELD else f"{line}  python -m pip install '{need.name}{need.specifier}'"


def _beside_torch() -> list[Check]:
    """Import packages that are compiled against one build of torch, in a subprocess, since they may crash."""
    return [_imported(name) for name in BESIDE_TORCH if find_spec(name)]


def _imported(name: str) -> Check:
    done = subprocess.run([sys.executable, "-P", "-c", f"import {name}"], capture_output=True, text=True, check=False)
    if not done.returncode:
        return Check(name, f"{_version(name)}, which the torch here can use")
    why = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1][:LONGEST]
    command = f"python -m pip install --force-reinstall {name} torch=={_version('torch')}"
    return Check(name, f"{_version(name)} does not work with torch {_version('torch')}: {why}  {command}", ok=False)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "of unknown version"


def _plugins() -> list[Check]:
    plugins = inspect_plugins()
    bad = [Check("plugins", line, ok=False) for line in plugins.failures]
    counts = f"{len(plugins.domains)} domains, {len(plugins.datasets)} data sets, {len(plugins.models)} models"
    return [Check("plugins", counts, ok=bool(plugins.domains)), *bad]


def _devices() -> list[Check]:
    import torch

    gpus = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
    cores = f"{os.cpu_count()} CPU cores, {torch.get_num_threads()} threads; GPUs: {gpus or 'none'}"
    return [Check("torch build", f"for {_build()}; dl install keeps it"), Check("devices", cores)]


def _build() -> str:
    """Return the accelerator that torch was built for."""
    import torch

    if torch.version.cuda:
        return f"CUDA {torch.version.cuda}"
    return f"ROCm {torch.version.hip}" if torch.version.hip else "CPUs alone"


def _writable(name: str, folder: Path) -> Check:
    try:
        files.make_folder(folder)
    except CannotWrite as error:
        return Check(name, str(error), ok=False)
    return Check(name, str(folder.resolve()))


def _cache() -> Check:
    check = _writable("cache", cache.cache_root())
    try:
        limit = cache.size_limit()
    except BadOption as error:
        return Check("cache", str(error), ok=False)
    size = sum(entry.size for entry in cache.entries())
    used = f"{show_bytes(size)} of at most {show_bytes(limit)}, {cache.SIZE}="
    return Check("cache", f"{check.message}  holds {used}") if check.ok else check
