"""The layout of feature maps in memory, which of two is faster on this machine: found by timing a few steps.

Convolutions take maps with the channels of a pixel side by side, or one whole channel after another. Which is faster
depends on the processor, its threads and the network, by up to a half, and results differ in their last digits. So the
choice is part of a run: its manifest has it, and a run that is resumed reads it there. It is kept in the cache under
network, batch, threads and processor, so that equal fits on a machine choose alike.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from hashlib import blake2b

import torch
from torch import Tensor, nn

from dl import regular
from dl.data.cache import cache_folder, mark_used, read_entry, write_entry
from dl.errors import CannotWrite
from dl.files import locked
from dl.training.recorded import is_recordable

KIND = "layouts"  # of entries of the cache
AS_BUILT, LAST, FIRST = "", "channels-last", "channels-first"
FORMATS = {LAST: torch.channels_last, FIRST: torch.contiguous_format}
ROUNDS = 5  # passes of each layout that are timed, after one that is not
SHARE = 0.02  # of the steps of a fit that may be spent on it
BETTER = 0.9  # of the time as built: a layout that is hardly faster is not worth other digits

Loss = Callable[[nn.Module, Tensor], Tensor]  # of a batch of prepared inputs


def choose_layout(network: nn.Module, inputs: Callable[[], object], loss: Loss, steps: int) -> str:
    """Return the layout that a fit on the CPU takes: the one in the cache, else the faster one, which is kept there.

    Args:
        network: As it was built.
        inputs: Returns a prepared batch.
        loss: For which the network is trained.
        steps: Of the whole fit; with few of them nothing is timed.
    """
    if not (has_maps(network) and is_recordable(network) and steps * SHARE >= 2 * (ROUNDS + 1)):
        return AS_BUILT
    batch = inputs()
    if not isinstance(batch, Tensor) or batch.ndim != 4:
        return AS_BUILT
    try:
        folder = cache_folder(KIND)
        path = folder / _key(network, batch)
        with locked(folder):  # two fits that begin together choose alike
            found = (read_entry(path) or b"").decode()
            if found not in FORMATS:
                found = faster({name: _timed(network, batch, loss, name) for name in FORMATS}, layout_of(network))
                write_entry(path, lambda stream: stream.write(found.encode()))
            mark_used(path)
    except (CannotWrite, OSError):
        return AS_BUILT
    return found


def faster(passes: Mapping[str, Callable[[], None]], built: str) -> str:
    """Return another one than what was built if it is clearly faster each time, taking turns; else what was built.

    On a machine that does other work as well a pass may take twice its time: a mean, or the best, would be luck.
    """
    (other,) = [name for name in passes if name != built]
    for number in range(ROUNDS + 1):
        seconds = {}
        for name in (built, other) if number % 2 else (other, built):
            started = time.perf_counter()
            passes[name]()
            seconds[name] = time.perf_counter() - started
        if number and seconds[other] > BETTER * seconds[built]:
            return built
    return other


def has_maps(network: nn.Module) -> bool:
    """Return whether a network has convolutions in the plane."""
    return any(isinstance(layer, nn.Conv2d) for layer in network.modules())


def layout_of(network: nn.Module) -> str:
    """Return the layout in which a network was built, by the weights of its convolutions."""
    weights = [layer.weight for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    only_last = [w for w in weights if w.is_contiguous(memory_format=torch.channels_last) and not w.is_contiguous()]
    return LAST if only_last else FIRST


def lay_out(network: nn.Module, layout: str) -> None:
    """Bring the weights of a network into a layout; they stay the same tensors."""
    if layout != AS_BUILT:
        network.to(memory_format=FORMATS[layout])  # type: ignore[call-overload]  # torch's stubs lack this form


def laid_out(inputs: Tensor, layout: str) -> Tensor:
    """Return prepared inputs as the network reads them in a layout."""
    return inputs if layout == AS_BUILT else inputs.contiguous(memory_format=FORMATS[layout])


def _timed(network: nn.Module, batch: Tensor, loss: Loss, layout: str) -> Callable[[], None]:
    """Return a forward and a backward pass of a copy of a network in a layout."""
    copied = deepcopy(network).train()
    lay_out(copied, layout)
    inputs = laid_out(batch, layout)

    def take() -> None:
        copied.zero_grad()
        with torch.random.fork_rng(devices=[]):
            loss(copied, inputs).backward()

    return take


def _key(network: nn.Module, batch: Tensor) -> str:
    """Return the name of the entry for a network, a batch, and what it is computed by."""
    shapes = [tuple(one.shape) for one in network.parameters()]
    where = [torch.__version__, torch.get_num_threads(), _processor(), torch.backends.cpu.get_cpu_capability()]
    facts = [str(network), layout_of(network), shapes, tuple(batch.shape), str(batch.dtype), *where]
    return blake2b(repr(facts).encode(), digest_size=16).hexdigest()


def _processor() -> str:
    """Return the name of the processor, as far as the system tells it."""
    try:
        lines = regular.read_bytes("/proc/cpuinfo").decode(errors="replace").splitlines()
    except OSError:
        lines = []
    names = {"vendor_id", "cpu family", "model", "model name", "flags"}
    told = {line.partition(":")[0].strip(): line.partition(":")[2].strip() for line in lines}
    return f"{platform.machine()} {platform.processor()} {[told.get(name) for name in sorted(names)]}"
