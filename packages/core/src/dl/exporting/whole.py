"""The network as it leaves dl: from raw inputs to answers, with preparation, activation and thresholds in one module.

Letters: ``N`` inputs, ``K`` outputs.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from dl.errors import BadOption
from dl.exporting import recurrent
from dl.exporting.folds import joined
from dl.exporting.forms import Output, form_of
from dl.exporting.learners import as_network
from dl.inference.ensemble import Ensemble
from dl.inference.loaded import LoadedLearner, LoadedRun
from dl.options import Options
from dl.preparation import Preparation


@dataclass(frozen=True)
class Traceable:
    """A run that can be traced.

    Args:
        run: The run; a learner has become a network.
        preparation: Of its inputs.
        outputs: Of its network.
    """

    run: LoadedRun
    preparation: Preparation
    outputs: tuple[Output, ...]


def need_exportable(opened: LoadedRun, options: Options) -> Traceable:
    """Return a run as it is traced, how its inputs are prepared, and what its network gives.

    Raises:
        BadOption: If the run cannot be exported, with the reason in one line.
    """
    try:
        if isinstance(opened, Ensemble):
            each = [_as_network(one, options) for one in opened.folds]
            run: LoadedRun = replace(opened, folds=tuple(one for one, _ in each))
            preparation = joined([one for _, one in each])
        else:
            run, preparation = _as_network(opened, options)
        return Traceable(run, preparation, form_of(run).outputs(run, preparation))
    except BadOption as error:
        again = _for_folds(opened) if isinstance(opened, Ensemble) else ""
        raise BadOption(f"{opened.run.name} cannot be exported: {error}{again}") from error


def _as_network(opened: LoadedRun, options: Options) -> tuple[LoadedRun, Preparation]:
    """Return one run with a network, and the preparation of its inputs."""
    if isinstance(opened, LoadedLearner):
        return as_network(opened, options)
    prepare = opened.domain.prepare
    if prepare is None:
        raise BadOption(
            f"the domain {opened.recipe.domain} does not describe how its inputs are prepared outside of dl"
        )
    return opened, prepare(opened.preprocessor, options)


def _for_folds(opened: Ensemble) -> str:
    return f"  train one network on all examples: dl cv --resume {opened.run.name} --final refit"


class WholeNetwork(nn.Module):
    """From raw inputs to what the form of the run's task gives.

    Args:
        opened: The run.
        preparation: Of its inputs.
    """

    def __init__(self, opened: LoadedRun, preparation: Preparation) -> None:
        super().__init__()
        self.encode, self.opened, self.preparation = preparation.encode, opened, preparation
        self.networks = nn.ModuleList(one.network for one in opened.members)
        self.preprocessors = nn.ModuleList(one.preprocessor for one in opened.members)

    def forward(self, *raw: Tensor) -> tuple[Tensor, ...]:
        """Return the outputs, in the order of the form."""
        encoded: Any = self.encode(*raw)  # Any: as a preprocessor takes it
        each = encoded if isinstance(self.opened, Ensemble) else [encoded]
        prepared = [self._prepared(at, one) for at, one in enumerate(each)]
        return tuple(form_of(self.opened).give(self.opened, self.preparation, prepared))

    def _prepared(self, at: int, encoded: Any) -> Any:  # Any: as above, and as a preprocessor gives it
        """Return the prepared inputs of one network, in its precision."""
        prepared: Any = self.preprocessors[at](encoded)
        if not isinstance(prepared, Tensor):
            return prepared
        return prepared.to(next((one.dtype for one in self.networks[at].parameters()), torch.float32))


def trace(opened: LoadedRun, preparation: Preparation) -> ExportedProgram:
    """Trace the network of a run on the CPU for any number of inputs, and any size where one fits.

    Raises:
        BadOption: If the network cannot be traced, as one whose steps depend on values.
    """
    whole = WholeNetwork(opened, preparation).eval()
    axes = [
        {at: Dim.DYNAMIC for at, size in enumerate(one.axes) if isinstance(size, str)} for one in preparation.inputs
    ]
    examples = tuple(one.example for one in preparation.inputs)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # a kernel of torch alone
    try:
        with torch.no_grad(), warnings.catch_warnings(), recurrent.one_step():
            warnings.simplefilter("ignore")
            program = torch.export.export(whole, examples, dynamic_shapes=(tuple(axes),), strict=False)
            return _without_places(_with_own_storage(program.run_decompositions({})))
    except Exception as error:  # whatever a network does that no trace holds
        why = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise BadOption(
            f"{opened.run.name} cannot be exported: its network {opened.recipe.model} cannot be traced: {why[:200]}"
        ) from error
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _without_places(program: ExportedProgram) -> ExportedProgram:
    """Remove the lines of code from which each step was traced: they name folders of this machine."""
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)
    return program


def _with_own_storage(program: ExportedProgram) -> ExportedProgram:
    """Give each tensor of a program its own storage; in place of one that is empty and unused stands a number."""
    for kept in (program.state_dict, program.constants):
        for name, one in kept.items():
            if isinstance(one, Tensor):
                own = one.detach().clone(memory_format=torch.contiguous_format)
                own = own if own.numel() else torch.zeros(1, dtype=own.dtype)  # torch cannot save an empty one
                kept[name] = nn.Parameter(own, requires_grad=False) if isinstance(one, nn.Parameter) else own
    return program
