"""The network as it leaves dl: from raw inputs to answers, with preparation, activation and thresholds in one module.

Letters: ``N`` inputs, ``K`` outputs.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from dl.errors import BadOption
from dl.exporting import recurrent
from dl.exporting.folds import joined
from dl.inference.ensemble import Ensemble
from dl.inference.loaded import LoadedLearner, LoadedRun
from dl.options import Options
from dl.preparation import Preparation
from dl.tasks.task import Task

PROBABILITIES, VALUES, ANSWER = "probabilities", "values", "answer"


@dataclass(frozen=True)
class Output:
    """One output of an exported network.

    Args:
        name: Of the tensor; of several targets it begins with the name of one.
        kind: ``probabilities``, ``values`` or ``answer``.
        names: Of the columns; of an answer that is a class, of the classes.
        thresholds: Of an answer, the probability of each name from which on it is given; empty for one half.
        spread: Of values, one number for each by which differences are judged; empty for others.
    """

    name: str
    kind: str
    names: tuple[str, ...]
    thresholds: Mapping[str, float]
    spread: tuple[float, ...] = ()


def need_exportable(opened: LoadedRun, options: Options) -> Preparation:
    """Return how the inputs of a run are prepared.

    Raises:
        BadOption: If the run cannot be exported, with the reason in one line.
    """
    try:
        if why := _why_not(opened):
            raise BadOption(why)
        prepare = opened.domain.prepare
        if prepare is None:
            raise BadOption(
                f"the domain {opened.recipe.domain} does not describe how its inputs are prepared outside of dl"
            )
        if isinstance(opened, Ensemble):
            return joined([prepare(one.preprocessor, options) for one in opened.folds])
        return prepare(opened.preprocessor, options)
    except BadOption as error:
        again = _for_folds(opened) if isinstance(opened, Ensemble) else ""
        raise BadOption(f"{opened.run.name} cannot be exported: {error}{again}") from error


def _for_folds(opened: Ensemble) -> str:
    return f"  train one network on all examples: dl cv --resume {opened.run.name} --final refit"


def _why_not(opened: LoadedRun) -> str:
    """Return why a run has no exported form, by its model and task; empty where it has one."""
    info = opened.task.info
    if any(isinstance(one, LoadedLearner) for one in opened.members):
        return f"{opened.recipe.model} is a learner of scikit-learn, and no network"
    if info.tells_tokens:
        return "it writes token by token, which no exported form does"
    if info.gives_inputs:
        return "its answer is an input, a picture or a row, and not a class, a label or a number"
    if info.has_strings:
        return "its answer is a string, which is searched for among the steps of the output"
    return ""


class WholeNetwork(nn.Module):
    """From raw inputs to probabilities or values, and answers.

    Args:
        opened: The run.
        preparation: Of its inputs.
    """

    def __init__(self, opened: LoadedRun, preparation: Preparation) -> None:
        super().__init__()
        self.encode, self.opened = preparation.encode, opened
        self.networks = nn.ModuleList(one.network for one in opened.members)
        self.preprocessors = nn.ModuleList(one.preprocessor for one in opened.members)
        self.parts = parts_of(opened.task)

    def forward(self, *raw: Tensor) -> tuple[Tensor, ...]:
        """Return probabilities (N, K) or values (N, D), then answers, of each target."""
        encoded: Any = self.encode(*raw)  # Any: as a preprocessor takes it
        if isinstance(self.opened, Ensemble):
            logits = self.opened.average([self._logits(at, one) for at, one in enumerate(encoded)])
        else:
            logits = self._logits(0, encoded)
        found: list[Tensor] = []
        start = 0
        for _, task in self.parts:
            own = logits[:, start : start + task.info.outputs]
            start += task.info.outputs
            found += answer_of(task, own)
        return tuple(found)

    def _logits(self, at: int, encoded: Any) -> Tensor:  # Any: as above
        """Return the logits (N, K) of one network."""
        network, member = self.networks[at], self.opened.members[at]
        prepared: Any = self.preprocessors[at](encoded)  # Any: as a preprocessor gives it
        if isinstance(prepared, Tensor):
            prepared = prepared.to(next((one.dtype for one in network.parameters()), torch.float32))
        logits: Tensor = member.task.row.reduce_logits(network(prepared), prepared).float()
        return logits


def parts_of(task: Task) -> list[tuple[str, Task]]:
    """Return the task of each target with the beginning of the names of its outputs; one target has no name."""
    return [(f"{one.head.name}.", one.task) for one in task.row.heads] or [("", task)]


def answer_of(task: Task, logits: Tensor) -> list[Tensor]:
    """Return the preds (N, K) of one target and, of classes and labels, the answers: class numbers, or flags (N, K)."""
    preds = task.preds(logits)
    if task.info.has_classes and preds.ndim == 1:
        preds = torch.stack([1 - preds, preds], dim=1)
    preds = preds[:, None] if preds.ndim == 1 else preds
    if not task.info.has_probabilities:
        return [preds]
    answers = task.answers(logits)
    assert answers is not None  # what has probabilities has answers
    return [preds, answers]


def outputs_of(opened: LoadedRun) -> tuple[Output, ...]:
    """Return the outputs of a run's network, in the order of `WholeNetwork`."""
    found = []
    for begin, task in parts_of(opened.task):
        info = task.info
        if not info.has_probabilities:
            names = info.answers or info.names
            scale = info.scale if info.scale and not info.log_limits else ()
            spread = scale if len(scale) == len(names) else (1.0,) * len(names)
            found.append(Output(f"{begin}{VALUES}", VALUES, names, {}, spread))
            continue
        decided = info.names if info.has_labels else (info.positive,)
        thresholds = dict(zip(decided, info.decision.thresholds, strict=True)) if info.decision else {}
        found.append(Output(f"{begin}{PROBABILITIES}", PROBABILITIES, info.names, {}))
        found.append(Output(f"{begin}{ANSWER}", ANSWER, info.names, thresholds))
    return tuple(found)


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
