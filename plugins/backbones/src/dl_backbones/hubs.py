"""Networks of timm and of torchvision by name, where these packages are installed.

Their code is imported only for a model of theirs. Weights come from their own cache, or from a file that is named; that
neither has them is an error. Nothing is downloaded.
Letters: ``N`` images, ``F`` features.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from dl.errors import BadFile, BadOption, nearest
from dl.options import InputShape, Options
from dl_backbones.bodies import AUTO, Learnt, PhotoBody, network_of, with_head
from dl_backbones.weights import put, read_weights

IMAGENET = (
    (0.485, 0.456, 0.406),
    (0.229, 0.224, 0.225),
)  # mean and deviation of channels that torchvision's have learnt


@dataclass(frozen=True)
class Hub:
    """A package of networks.

    Args:
        package: That is imported.
        names: Of its networks.
        make: From the name of one to the network, with features (N, F) in place of its last layer.
        scaling: From the network to mean and deviation of its channels.
        cached: From a network and its name to the file of its published weights in the package's cache; None without.
        fetch: Python code that fetches published weights into that cache, with ``NAME`` for the name.
        unread: From the network to how names of its last layer begin.
    """

    package: str
    names: Callable[[ModuleType], Sequence[str]]
    make: Callable[[ModuleType, str], nn.Module]
    scaling: Callable[[nn.Module], tuple[Sequence[float], Sequence[float]]]
    cached: Callable[[nn.Module, str], Path | None]
    fetch: str
    unread: Callable[[nn.Module], tuple[str, ...]]

    def imported(self, name: str) -> ModuleType:
        """Import the package, for a network that it has.

        Raises:
            BadOption: If it is not installed, or has no network of this name.
        """
        try:
            found = importlib.import_module(self.package)
        except ImportError as error:
            model = f"{self.package}:{name}"
            raise BadOption(f"{model} needs the package {self.package}: {error}  pip install {self.package}") from error
        except Exception as error:  # torchvision made for another version of torch
            reason = " ".join(str(error).split())
            raise BadOption(f"{self.package}:{name}: the package {self.package} cannot be used: {reason}") from error
        known = self.names(found)
        if name not in known:
            raise BadOption(f"{self.package} has no network {name!r}{nearest(name, known)}")
        return found

    def build(self, name: str, shape: InputShape, outputs: int, options: Options) -> nn.Module:
        """Build a network of the package with a new head, from prepared images to logits (N, outputs)."""
        package = self.imported(name)
        network = self.make(package, name)
        mean, std = self.scaling(network)
        body = PhotoBody(network, mean, std, int(options["side"]))
        full, version = f"{self.package}:{name}", getattr(package, "__version__", "")
        width = _width(network, body)
        stages, origin = list(_stages(network)), f"weights as published by {self.package} {version}"
        return with_head(Learnt(full, f"{full} {version}", body, width, stages, origin=origin), shape, outputs, options)

    def start(self, name: str, network: nn.Module, options: Options) -> None:
        """Load the weights that the option ``weights`` names; of ``none``, nothing.

        Raises:
            BadFile: If they are not there, or are those of another network.
        """
        inner = network_of(network)
        if inner is None:
            return
        full, source = f"{self.package}:{name}", str(options["weights"])
        path = self._cached(inner, name) if source == AUTO else Path(source)
        put(read_weights(path), inner, full, f"weights={source}", self.unread(inner))

    def _cached(self, network: nn.Module, name: str) -> Path:
        """Return the file of published weights.

        Raises:
            BadFile: If it is not in the cache of the package.
        """
        found = self.cached(network, name)
        if found is None:
            what = f"{self.package}:{name}: its weights are not in the cache of {self.package}"
            fetch = self.fetch.replace("NAME", name)
            raise BadFile(f'{what}; fetch them once, as by python -c "{fetch}", or name a file, as weights=PATH')
        return found


def _width(network: nn.Module, body: PhotoBody) -> int:
    """Return the number of features, by one blank image."""
    import torch

    was_training = network.training
    with torch.no_grad():
        found = body.eval()(torch.zeros(1, 3, 64, 64))
    network.train(was_training)
    return int(found.shape[1])


def _stages(network: nn.Module) -> Iterator[list[nn.Module]]:
    """Yield the layers of a network in parts, from the pixels up: its children, and those of a list of blocks."""
    for child in network.children():
        parts = list(child.children()) if isinstance(child, (nn.Sequential, nn.ModuleList)) else [child]
        yield from ([part] for part in parts if any(True for _ in part.parameters()))


def _of_timm(package: Any, name: str) -> nn.Module:  # Any: a package without types
    network: nn.Module = package.create_model(name, pretrained=False, num_classes=0)
    return network


def _timm_scaling(network: Any) -> tuple[Sequence[float], Sequence[float]]:  # Any: a network of timm
    return tuple(network.default_cfg["mean"]), tuple(network.default_cfg["std"])


def _timm_cached(network: Any, _name: str) -> Path | None:  # Any: as above
    hub = importlib.import_module("huggingface_hub")
    known = str(network.pretrained_cfg.get("hf_hub_id") or "")
    found = hub.try_to_load_from_cache(known, "model.safetensors") if known else None
    return Path(found) if isinstance(found, str) else None


def _timm_unread(network: Any) -> tuple[str, ...]:  # Any: as above
    last = network.default_cfg.get("classifier") or "fc"
    return tuple(f"{one}." for one in ([last] if isinstance(last, str) else last))


def _of_torchvision(package: Any, name: str) -> nn.Module:  # Any: as above
    network: nn.Module = package.models.get_model(name, weights=None)
    last = _last_linear(network)
    parent = network.get_submodule(last.rpartition(".")[0])
    setattr(parent, last.rpartition(".")[2], nn.Identity())
    network.unread = f"{last}."  # type: ignore[assignment]  # a plain attribute
    return network


def _last_linear(network: nn.Module) -> str:
    names: list[str] = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    return names[-1]


def _torchvision_cached(_network: nn.Module, name: str) -> Path | None:
    import torch

    url = str(importlib.import_module("torchvision.models").get_model_weights(name).DEFAULT.url)
    found = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    return found if found.is_file() else None


HUBS = {
    "timm": Hub(
        "timm",
        lambda package: package.list_models(),
        _of_timm,
        _timm_scaling,
        _timm_cached,
        "import timm; timm.create_model('NAME', pretrained=True)",
        _timm_unread,
    ),
    "torchvision": Hub(
        "torchvision",
        lambda package: package.models.list_models(module=package.models),
        _of_torchvision,
        lambda network: IMAGENET,
        _torchvision_cached,
        "import torchvision; torchvision.models.get_model('NAME', weights='DEFAULT')",
        lambda network: (str(network.unread),),
    ),
}
