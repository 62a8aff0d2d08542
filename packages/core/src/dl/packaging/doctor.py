"""Check versions, devices, plugins and folders of this installation."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from dl import files
from dl.data import cache
from dl.errors import BadOption, CannotWrite
from dl.packaging.held import held
from dl.plugins.discovery import metadata_folders, normalized
from dl.plugins.loading import inspect_plugins

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
    packages = [_package(name) for name in ("dl-core", "torch", "lightning", "torchmetrics", "pillow", "numpy")]
    built = [*_unmet(), *_beside_torch()]
    return [python, *packages, *built, *_plugins(), *_devices(), _writable("runs", runs), _cache()]


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
    """Find packages that require another version of torch, lightning or numpy than the installed one."""
    versions, found = held(), []
    for name in sorted(metadata_folders()):
        for need in _requirements(name):
            wanted = normalized(need.name)
            here = versions.get(wanted, "")
            applies = need.marker is None or need.marker.evaluate({"extra": ""})
            if here and applies and not need.specifier.contains(here, prereleases=True):
                found.append(
                    Check(name, f"{_version(name)} needs {wanted}{need.specifier}, and {here} is here", ok=False)
                )
    return found


def _requirements(name: str) -> Iterator[Requirement]:
    """Yield the requirements of an installed distribution, as far as they can be read."""
    with suppress(PackageNotFoundError, ValueError):  # it is being removed, or its metadata is damaged
        for text in distribution(name).requires or ():
            with suppress(InvalidRequirement):
                yield Requirement(text)


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
    used = f"{size / 1e9:.1f} GB of at most {limit / 1e9:g} GB, {cache.SIZE}="
    return Check("cache", f"{check.message}  holds {used}") if check.ok else check
