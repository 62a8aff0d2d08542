"""Networks in two parts: a body that computes features, learnt elsewhere, and a head that learns to read them.

While the body is frozen, features of an example never change: a fit computes them once (`dl.features`) and trains the
head on them. A body is evaluated as it was learnt, its batch norms by the statistics that they brought, in training
as well.
Source: Chollet, Deep Learning with Python, section 8.3 (feature extraction, then fine-tuning).
Letters: ``N`` examples, ``F`` features, ``K`` outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor, nn

from dl.errors import BadRun

SIZE = 16  # bytes of a digest
BODY = "body."  # begins the names of the body's weights
DIGEST = "digest"


@dataclass(frozen=True)
class Thawed:
    """Layers of a body that are trained on.

    Args:
        layers: Of one stage.
        share: Of the head's learning rate.
    """

    layers: Sequence[nn.Module]
    share: float


class Backbone(nn.Module):
    """A body and a head: prepared inputs (N, ...) to logits (N, K).

    Args:
        body: From prepared inputs to features (N, F). Its weights come from elsewhere.
        head: From features to logits. Its last linear layer is solved before the first step where stages are trained.
        name: Of the body.
        code: Name and version of the body's code and options; features with the same code and weights are the same.
        thawed: The stages that are trained, the lowest first; none freezes the body.
        is_stored: Whether a run stores the body's weights. Where an exact package has them, it keeps their digest
            alone; a body that is trained is always stored.
        origin: Where the weights of the body come from, for the screen.
    """

    digest: Tensor  # (16,) uint8, of the body's weights

    def __init__(
        self,
        body: nn.Module,
        head: nn.Module,
        name: str,
        code: str,
        thawed: Sequence[Thawed] = (),
        *,
        is_stored: bool = True,
        origin: str = "",
    ) -> None:
        super().__init__()
        self.body, self.head = body.requires_grad_(False), head
        self.name, self.code, self.origin = name, code, origin
        self.thawed, self.is_stored = tuple(thawed), is_stored or bool(thawed)
        for layer in (layer for stage in self.thawed for layer in stage.layers):
            layer.requires_grad_(True)
        self.register_buffer(DIGEST, torch.zeros(SIZE, dtype=torch.uint8))
        self._reads_features = False
        self.train(self.training)
        self.register_state_dict_post_hook(_leave_out)  # type: ignore[no-untyped-call]  # torch has no types for it
        self.register_load_state_dict_pre_hook(_put_in)  # type: ignore[no-untyped-call]  # likewise

    @property
    def is_frozen(self) -> bool:
        """Whether no weight of the body is trained."""
        return not self.thawed

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits (N, K) of prepared inputs; of features (N, F) inside `reading_features`."""
        logits: Tensor = self.head(inputs if self._reads_features else self.body(inputs))
        return logits

    def train(self, mode: bool = True) -> Backbone:
        """Set the mode of the head; the body stays in evaluation mode."""
        super().train(mode)
        self.body.eval()
        return self

    def seal(self) -> None:
        """Take the digest of the body's weights, once they are there."""
        self.digest.copy_(torch.frombuffer(bytearray(digest_of(self.body)), dtype=torch.uint8))

    @contextmanager
    def reading_features(self) -> Iterator[None]:
        """Take features in place of prepared inputs inside this context."""
        self._reads_features = True
        try:
            yield
        finally:
            self._reads_features = False


def digest_of(network: nn.Module) -> bytes:
    """Return a hash of the weights of a network, 16 bytes."""
    digest = blake2b(digest_size=SIZE)
    for name, tensor in network.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.digest()


def backbone(network: nn.Module) -> Backbone | None:
    """Return the network if it has a body and a head, None if not."""
    return network if isinstance(network, Backbone) else None


def bodies(network: nn.Module) -> set[nn.Module]:
    """Return the layers that keep the statistics that they brought: those of the bodies in a network."""
    found = (layer.body for layer in network.modules() if isinstance(layer, Backbone))
    return {layer for body in found for layer in body.modules()}


def _leave_out(network: nn.Module, state: dict[str, Any], prefix: str, _metadata: Any) -> None:  # Any: torch's
    """Remove the weights of a body that is not stored from a state."""
    assert isinstance(network, Backbone)
    if not network.is_stored:
        for name in [name for name in state if name.startswith(prefix + BODY)]:
            del state[name]


def _put_in(network: nn.Module, state: dict[str, Any], prefix: str, *_others: Any) -> None:  # Any: torch's
    """Add the weights of a body that is not stored to a state, once they are known to be those of the run.

    Raises:
        BadRun: If they are others.
    """
    assert isinstance(network, Backbone)
    if network.is_stored:
        return
    known = state.get(prefix + DIGEST)
    if known is None or not torch.equal(known.cpu(), network.digest.cpu()):
        raise BadRun(
            f"the body {network.name} has other weights than those that the run's head was trained on; install the "
            "versions in its environment.json"
        )
    state.update({prefix + BODY + name: tensor for name, tensor in network.body.state_dict().items()})
