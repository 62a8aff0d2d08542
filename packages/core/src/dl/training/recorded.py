"""The forward and backward pass of a training step, recorded once and then replayed.

Of a small network most of a step is not arithmetic: modules call each other, autograd writes down how to go back, and
its engine goes back, at each step the same. So one step is taken while each operation that reaches torch's kernels is
written down, below autograd. From then on a step is these operations in a row: the same numbers, to the same bits.

What is recorded must not depend on anything but tensors: networks of known layers (`RECORDABLE`), batches of one shape.
Whatever else a step meets - a hook, a layer that was frozen, another shape - is a step as ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook
from torch.utils._python_dispatch import TorchDispatchMode

from dl.training.graphed import Capture, Passes, PayBack, graphed

RECORDABLE = (  # modules of layers whose passes depend on tensors alone, by the beginning of their names
    "torch.nn.modules.",
    "dl.linear_path",
    "dl.autoencoder",
    "dl_vision.blocks",
    "dl_tabular.models",
    "dl_tabular.pieces",
)
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
ALIASES = (torch.ops.aten.detach.default, torch.ops.aten.alias.default)  # the same numbers under another name
UNKNOWN = (torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape)  # Python reads a number, or a size follows
_T = torch.ops.aten.t.default
LONGEST = 0.01  # seconds of a step that is recorded: of a longer one nearly all is arithmetic


def is_recordable(network: nn.Module) -> bool:
    """Return whether passes of a network depend on tensors alone."""
    return all(type(layer).__module__.startswith(RECORDABLE) for layer in network.modules())


def state_of(network: nn.Module) -> list[object] | None:
    """Return what a record depends on: which tensors the network holds, and how; None while a hook watches it."""
    found: list[object] = []
    if _has_any_global_hook():
        return None
    for layer in network.modules():
        if "forward" in layer.__dict__ or any(getattr(layer, name) for name in HOOKS):
            return None
        found += [id(layer), layer.training, layer.extra_repr()]
        for parameter in layer._parameters.values():
            if parameter is not None and parameter._backward_hooks:
                return None
            found += [id(parameter), parameter is not None and parameter.requires_grad]
        found += map(id, layer._buffers.values())
    return found


class Recorder(TorchDispatchMode):
    """Writes down the operations inside its context, as lines of Python.

    Args:
        inputs: Tensors that differ from step to step.
    """

    def __init__(self, inputs: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own lacks types
        self.names = {id(one): f"x{number}" for number, one in enumerate(inputs)}
        self.arguments = list(self.names.values())
        self.kept: list[object] = list(inputs)  # alive, so that no other tensor gets the id of one of these
        self.values: dict[str, Any] = {}  # Any: operations, tensors and settings that the lines name
        self.calls: list[tuple[list[str], str, list[str]]] = []  # the names that it gives, the call, and those it reads
        self.turned: dict[str, str] = {}  # of a transposed matrix, that before
        self.is_complete = True

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # torch would import its compiler for it, which takes a second

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:  # Any: as torch calls it
        """Run an operation, and write it down."""
        kwargs = kwargs or {}
        given = func(*args, **kwargs)
        made = given if isinstance(given, (tuple, list)) else [given]
        if not made or set(UNKNOWN) & set(func.tags) or not all(one is None or isinstance(one, Tensor) for one in made):
            self.is_complete = False
        elif func in ALIASES:
            self._call(given, self._word(args[0], []))
        else:
            self._add(func, args, kwargs, given)
        return given

    def _call(self, tensor: Tensor, name: str) -> None:
        self.names[id(tensor)] = name
        self.kept.append(tensor)

    def _add(self, func: Any, args: Sequence[Any], kwargs: Mapping[str, Any], given: Any) -> None:
        """Write an operation down. Any: as torch calls it, and what it gave."""
        made = given if isinstance(given, (tuple, list)) else [given]
        reads: list[str] = []
        words = [self._word(one, reads) for one in args]
        words += [f"{name}={self._word(one, reads)}" for name, one in kwargs.items()]
        if func is _T and reads[0] in self.turned:
            self._call(given, self.turned[reads[0]])
            return
        gives = []
        for one in made:
            gives.append(f"v{len(self.kept)}")
            if one is None:
                self.kept.append(one)
            else:
                self._call(one, gives[-1])
        if func is _T:
            self.turned[gives[0]] = reads[0]
        operation = f"f{len(self.calls)}"
        self.values[operation] = func._op
        left = ", ".join(gives) if isinstance(given, Tensor) else f"[{', '.join(gives)}]"
        self.calls.append((gives, f"{left} = {operation}({', '.join(words)})", reads))

    def _word(self, value: Any, reads: list[str]) -> str:  # Any: an argument of an operation
        """Return an argument as Python; the names of tensors are added to those that are read."""
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(self._word(one, reads) for one in value)}]"
        if value is None or isinstance(value, (bool, int, str)):
            return repr(value)
        if isinstance(value, Tensor):
            if id(value) not in self.names:  # a parameter, a buffer, or a constant
                name = f"c{len(self.kept)}"
                self.values[name] = value
                self._call(value, name)
            reads.append(self.names[id(value)])
            return reads[-1]
        name = f"k{len(self.kept)}"  # a float, a type of numbers, a layout
        self.values[name] = value
        self.kept.append(value)
        return name

    def passes(self, given: Sequence[Tensor | None]) -> Passes | None:
        """Return the recorded operations as a function to these tensors; None if they are not all on record."""
        if not self.is_complete or any(one is None or id(one) not in self.names for one in given):
            return None
        results = [self.names[id(one)] for one in given]
        lines, alive = [f"return [{', '.join(results)}]"], set(results)
        for gives, call, reads in reversed(self.calls):
            if self.turned.get(gives[0]) and gives[0] not in alive:
                continue  # a transposed matrix that nobody reads
            ends = {name for name in [*reads, *gives] if name.startswith("v")} - alive
            if ends:
                lines.append(f"del {', '.join(sorted(ends))}")
            lines.append(call)
            alive |= set(reads)
        source = "\n    ".join([f"def passes({', '.join(self.arguments)}):", *reversed(lines)])
        exec(source, self.values)
        return torch.no_grad()(self.values["passes"])  # type: ignore[no-any-return]  # made by the line above


def go_back(loss: Tensor, parameters: Sequence[nn.Parameter]) -> None:
    """Take the backward pass from a loss."""
    for parameter in parameters:  # as optimizer.zero_grad, without its bookkeeping
        parameter.grad = None
    loss.backward()


Losses = Callable[
    [Tensor, Tensor], tuple[Tensor, Tensor, Tensor]
]  # from a batch to logits, loss, and loss to go back from


class RecordedStep:
    """Takes the passes of training steps: the first ones as ever, and then by a record of one.

    Args:
        network: Whose passes these are.
        parameters: That are trained.
        losses: The forward pass: from inputs and targets to the logits, the loss that is shown, both detached, and the
            loss of which gradients are taken.
        is_wanted: Whether steps may be recorded.
        steps: Of the whole fit: a graph that they do not repay is not used.
        capture: Makes a graph of the recorded passes; None takes them one by one.
    """

    def __init__(
        self,
        network: nn.Module,
        parameters: Sequence[nn.Parameter],
        losses: Losses,
        *,
        is_wanted: bool = True,
        steps: int = 0,
        capture: Capture | None = None,
    ) -> None:
        self.steps, self.capture = steps, capture
        self.pay_back: PayBack | None = None  # of the graph
        self.network, self.parameters, self.losses = network, parameters, losses
        self.run: Passes | None = None
        self.shapes: tuple[object, ...] = ()  # of the batches on record, or of the newest one before there is a record
        self.state: list[object] | None = None  # of the network that is on record
        self.is_wanted = is_wanted and is_recordable(network)

    def look(self) -> None:
        """Drop the record if the network is another now, as with a layer that was frozen; called at each block."""
        if self.run is not None and self.state != state_of(self.network):
            self.run = None

    def __call__(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Take the passes of one step; return logits and loss, and leave the gradients in the parameters."""
        shapes = (inputs.shape, inputs.stride(), targets.shape, targets.dtype)
        if self.run is not None and shapes == self.shapes:
            logits, loss, *gradients = self.run(inputs, targets)
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                parameter.grad = gradient
            return logits, loss
        if self.run is not None or not self.is_wanted:
            return self._take(inputs, targets)
        if shapes == self.shapes and (state := state_of(self.network)) is not None:
            return self._record(inputs, targets, state)
        self.shapes, started = shapes, time.perf_counter()
        given = self._take(inputs, targets)
        self.is_wanted = time.perf_counter() - started < LONGEST
        return given

    def _take(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        logits, loss, whole = self.losses(inputs, targets)
        go_back(whole, self.parameters)
        return logits, loss

    def _record(self, inputs: Tensor, targets: Tensor, state: list[object]) -> tuple[Tensor, Tensor]:
        with Recorder([inputs, targets]) as recorder:
            logits, loss, whole = self.losses(inputs, targets)
            gradients = torch.autograd.grad(whole, self.parameters, allow_unused=True)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        alike = all(p.grad is not None and p.grad.stride() == p.stride() for p in self.parameters)
        self.run = recorder.passes([logits, loss, *gradients]) if alike else None
        if self.run is not None and self.capture is not None:
            run, self.pay_back = graphed(self.run, [inputs, targets], self.network, self.capture)
            self.run = run if self.pay_back.steps < self.steps else self.run
        self.state, self.is_wanted = state, self.run is not None
        return logits, loss
