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
from dl.inference.loaded import LoadedLearner, LoadedRun
from dl.options import Options
from dl.preparation import Preparation
from dl.tasks.task import Task
from dl.words import many

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
    if why := _why_not(opened):
        raise BadOption(f"{opened.run.name} cannot be exported: {why}")
    prepare = opened.domain.prepare
    if prepare is None:
        raise BadOption(
            f"{opened.run.name} cannot be exported: the domain {opened.recipe.domain} does not describe how its inputs "
            "are prepared outside of dl"
        )
    try:
        return prepare(opened.preprocessor, options)
    except BadOption as error:
        raise BadOption(f"{opened.run.name} cannot be exported: {error}") from error


def _why_not(opened: LoadedRun) -> str:
    """Return why a run has no exported form, by its model and task; empty where it has one."""
    info, name = opened.task.info, opened.run.name
    if isinstance(opened, LoadedLearner):
        return f"{opened.recipe.model} is a learner of scikit-learn, and no network"
    if len(opened.members) > 1:
        count = many(len(opened.members), "network")
        return f"it has {count}; train one on all examples: dl cv --resume {name} --final refit"
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
        self.encode, self.preprocessor, self.network = preparation.encode, opened.preprocessor, opened.network
        self.task = opened.task
        self.parts = parts_of(opened.task)
        self.precision = next((one.dtype for one in opened.network.parameters()), torch.float32)

    def forward(self, *raw: Tensor) -> tuple[Tensor, ...]:
        """Return probabilities (N, K) or values (N, D), then answers, of each target."""
        prepared: Any = self.preprocessor(self.encode(*raw))  # Any: as a preprocessor gives it
        if isinstance(prepared, Tensor):
            prepared = prepared.to(self.precision)
        logits: Tensor = self.task.row.reduce_logits(self.network(prepared), prepared).float()
        found: list[Tensor] = []
        start = 0
        for _, task in self.parts:
            own = logits[:, start : start + task.info.outputs]
            start += task.info.outputs
            found += answer_of(task, own)
        return tuple(found)


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
            return _with_own_storage(program.run_decompositions({}))
    except Exception as error:  # whatever a network does that no trace holds
        why = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise BadOption(
            f"{opened.run.name} cannot be exported: its network {opened.recipe.model} cannot be traced: {why[:200]}"
        ) from error
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def _with_own_storage(program: ExportedProgram) -> ExportedProgram:
    """Give each tensor of a program its own storage; in place of one that is empty and unused stands a number."""
    for kept in (program.state_dict, program.constants):
        for name, one in kept.items():
            if isinstance(one, Tensor):
                own = one.detach().clone(memory_format=torch.contiguous_format)
                own = own if own.numel() else torch.zeros(1, dtype=own.dtype)  # torch cannot save an empty one
                kept[name] = nn.Parameter(own, requires_grad=False) if isinstance(one, nn.Parameter) else own
    return program
