"""What an exported network gives, by the form of its task: classes and numbers, strings, tokens, inputs, frames.

A form names the outputs, computes them of prepared inputs, as the trace records, and as `dl predict` computes them.
Letters: ``N`` examples, ``K`` outputs, ``T`` steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl.autoencoder import Autoencoder, code_width
from dl.data.examples import Examples
from dl.domain import encode_examples
from dl.errors import BadOption
from dl.inference.ensemble import Ensemble
from dl.inference.frames import continue_frames
from dl.inference.loaded import LoadedRun
from dl.preparation import Preparation
from dl.tasks.ctc import confidences
from dl.tasks.task import Task
from dl.work import over

PROBABILITIES, VALUES, ANSWER, STRING, PIXELS = "probabilities", "values", "answer", "string", "pixels"
FRAME, RECONSTRUCTION, CODES = "frame", "reconstruction", "codes"
NO_CHARACTER = "(none)"  # the name of the blank of a task of strings
AT_ONCE = 500  # examples
Arrays = list[NDArray[Any]]  # Any: numbers of any kind


@dataclass(frozen=True)
class Output:
    """One output of an exported network.

    Args:
        name: Of the tensor; of several targets it begins with the name of one.
        kind: ``probabilities``, ``values``, ``answer``, ``string`` or ``pixels``.
        names: Of the last axis; of an answer that is a class, of the classes; of a string, of its characters.
        thresholds: Of an answer, the probability of each name from which on it is given; empty for one half.
        about: What it holds, in a few words.
        between: Of a string, what stands between two names.
        spread: Of values, one number for each by which differences are judged; empty for others.
    """

    name: str
    kind: str
    names: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    about: str = ""
    between: str = ""
    spread: tuple[float, ...] = ()


@dataclass(frozen=True)
class Form:
    """What networks of one form give.

    Args:
        outputs: From a run and the preparation of its inputs to the outputs.
        give: From these and the prepared inputs of each network of the run to tensors, as the trace records them.
        expect: From these and raw examples to arrays, as `dl predict` computes them.
    """

    outputs: Callable[[LoadedRun, Preparation], tuple[Output, ...]]
    give: Callable[[LoadedRun, Preparation, Sequence[Any]], list[Tensor]]  # Any: as a preprocessor gives it
    expect: Callable[[LoadedRun, Preparation, Examples], Arrays]


def form_of(opened: LoadedRun) -> Form:
    """Return the form of a run."""
    return FORMS.get(opened.task.info.form, FORMS[""])


def logits_of(opened: LoadedRun, prepared: Sequence[Any]) -> Tensor:  # Any: as above
    """Return the logits (N, K) of a run, of several networks those of the averaged predictions."""
    each = [_logits(one, given, one.network(given)) for one, given in zip(opened.members, prepared, strict=True)]
    return opened.average(each) if isinstance(opened, Ensemble) else each[0]


def _logits(member: LoadedRun, prepared: Any, output: Tensor) -> Tensor:  # Any: as above
    return member.task.row.reduce_logits(output, prepared).float()


# Classes, labels and numbers, of one target or several


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


def answers_of(task: Task, logits: Tensor) -> list[Tensor]:
    """Return the preds and answers of each target from the logits (N, K) of all."""
    found, start = list[Tensor](), 0
    for _, one in parts_of(task):
        found += answer_of(one, logits[:, start : start + one.info.outputs])
        start += one.info.outputs
    return found


def _answers(opened: LoadedRun, _preparation: Preparation) -> tuple[Output, ...]:
    found = []
    for begin, task in parts_of(opened.task):
        info = task.info
        if not info.has_probabilities:
            names = info.answers or info.names
            scale = info.scale if info.scale and not info.log_limits else ()
            spread = scale if len(scale) == len(names) else (1.0,) * len(names)
            found.append(Output(f"{begin}{VALUES}", VALUES, names, about=_columns(names), spread=spread))
            continue
        decided = info.names if info.has_labels else (info.positive,)
        thresholds = dict(zip(decided, info.decision.thresholds, strict=True)) if info.decision else {}
        by = "decided by the thresholds of the run" if thresholds else "the likeliest"
        about = f"0 or 1 for each of {len(info.names):,} names, {by}" if info.has_labels else by
        found.append(Output(f"{begin}{PROBABILITIES}", PROBABILITIES, info.names, about=_columns(info.names)))
        found.append(Output(f"{begin}{ANSWER}", ANSWER, info.names, thresholds, about))
    return tuple(found)


def _columns(names: Sequence[str]) -> str:
    return f"a column for each of {len(names):,} names"


def _give_answers(opened: LoadedRun, _preparation: Preparation, prepared: Sequence[Any]) -> list[Tensor]:
    return answers_of(opened.task, logits_of(opened, prepared))


def _expect_answers(opened: LoadedRun, _preparation: Preparation, examples: Examples) -> Arrays:
    return [one.numpy() for one in answers_of(opened.task, opened.logits(examples))]


# Strings


def _strings(opened: LoadedRun, _preparation: Preparation) -> tuple[Output, ...]:
    info = opened.task.info
    names, blank = (NO_CHARACTER, *info.names), " " if any(len(name) > 1 for name in info.names) else ""
    about = "the string that the most probable path spells"
    return (
        Output(PROBABILITIES, PROBABILITIES, names, about=f"at each step, {_columns(names)}, the first for none"),
        Output(VALUES, VALUES, info.answers, about="the geometric mean of its probabilities", spread=(1.0,)),
        Output(ANSWER, STRING, info.names, about=about, between=blank),
    )


def _read_strings(task: Task, logits: Tensor) -> list[Tensor]:
    preds, answers = task.preds(logits), task.answers(logits)
    assert answers is not None  # strings are answers
    return [preds, confidences(preds)[:, None], answers]


def _give_strings(opened: LoadedRun, _preparation: Preparation, prepared: Sequence[Any]) -> list[Tensor]:
    return _read_strings(opened.task, logits_of(opened, prepared))


def _expect_strings(opened: LoadedRun, _preparation: Preparation, examples: Examples) -> Arrays:
    return [one.numpy() for one in _read_strings(opened.task, opened.logits(examples))]


# The token that follows


def _tokens(opened: LoadedRun, preparation: Preparation) -> tuple[Output, ...]:
    if preparation.following is None:
        raise BadOption(f"the domain {opened.recipe.domain} does not describe which tokens may follow")
    names = preparation.following.names
    about = f"of the next token, {_columns(names)}"
    return (
        Output(PROBABILITIES, PROBABILITIES, names, about=about),
        Output(ANSWER, ANSWER, names, about="the likeliest next token"),
    )


def _likeliest(logits: Tensor) -> list[Tensor]:
    return [logits.softmax(dim=1), logits.argmax(dim=1)]


def _give_tokens(opened: LoadedRun, preparation: Preparation, prepared: Sequence[Any]) -> list[Tensor]:
    assert preparation.following is not None  # as `_tokens` found
    return _likeliest(preparation.following.logits(opened.network(prepared[0]).float(), prepared[0]))


def _expect_tokens(opened: LoadedRun, preparation: Preparation, examples: Examples) -> Arrays:
    """Predict the token after each text, one by one, as text is generated."""
    assert preparation.following is not None  # likewise
    (texts,) = preparation.raw(examples.inputs).values()
    every = over(range(len(texts)), "computing")
    logits = [preparation.following.after(opened.network, str(texts[at])) for at in every]
    return [one.numpy() for one in _likeliest(torch.stack(logits))]


# Inputs as an autoencoder makes them anew


def _inputs(opened: LoadedRun, _preparation: Preparation) -> tuple[Output, ...]:
    found, blank = list[Output](), opened.preprocessor.example_input()
    if opened.preprocessor.undone(blank) is not None:
        found.append(Output(RECONSTRUCTION, PIXELS, about="the inputs made anew, in the size the network reads"))
    if width := 0 if isinstance(opened, Ensemble) else code_width(opened.network, blank):
        names = tuple(f"code_{number}" for number in range(1, width + 1))
        found.append(Output(CODES, VALUES, names, about=_columns(names), spread=(1.0,) * width))
    about = "the mean of the squared differences of a prepared input and its reconstruction"
    return (*found, Output(VALUES, VALUES, opened.task.info.answers, about=about, spread=(1.0,)))


def _give_inputs(opened: LoadedRun, _preparation: Preparation, prepared: Sequence[Any]) -> list[Tensor]:
    pixels, errors, codes = list[Tensor](), list[Tensor](), list[Tensor]()
    for member, given in zip(opened.members, prepared, strict=True):
        network = member.network
        if isinstance(network, Autoencoder):
            code: Tensor = network.encoder(given)
            codes.append(code.flatten(1).float())
            output: Tensor = network.decoder(code)
        else:
            output = network(given)
        again = member.preprocessor.undone(member.task.row.remake(output, given))
        pixels += [] if again is None else [again]
        errors.append(_logits(member, given, output))
    error = opened.average(errors) if isinstance(opened, Ensemble) else errors[0]
    alone = codes if len(opened.members) == 1 else []
    return [*_mean_pixels(pixels), *alone, *answers_of(opened.task, error)]


def _mean_pixels(each: Sequence[Tensor]) -> list[Tensor]:
    """Return the mean of the pixels of several networks, rounded; of one its own, of none nothing."""
    if len(each) < 2:
        return [*each]
    return [torch.stack([one.float() for one in each]).mean(dim=0).round().to(torch.uint8)]


@torch.no_grad()
def _expect_inputs(opened: LoadedRun, preparation: Preparation, examples: Examples) -> Arrays:
    kinds = {one.name for one in _inputs(opened, preparation)}
    found: Arrays = []
    if RECONSTRUCTION in kinds:
        starts = range(0, len(examples), AT_ONCE)
        chunks = (examples.take(np.arange(start, min(start + AT_ONCE, len(examples)))) for start in starts)
        found.append(np.concatenate([_remade(opened, some) for some in chunks]))
    if CODES in kinds:
        found.append(opened.features(examples).numpy())
    return [*found, *_expect_answers(opened, preparation, examples)]


def _remade(opened: LoadedRun, examples: Examples) -> NDArray[Any]:  # Any: as stored
    """Return stored inputs as a run makes them anew, as a fit keeps them for its report."""
    each = []
    for member in opened.members:
        stored = np.asarray(encode_examples(examples, member.preprocessor).inputs)
        device = next(member.network.parameters()).device
        prepared: Tensor = member.preprocessor(torch.from_numpy(np.ascontiguousarray(stored)).to(device))
        each.append(np.asarray(member.preprocessor.undo(member.task.row.remake(member.network(prepared), prepared))))
    return each[0] if len(each) == 1 else np.mean(each, axis=0).round().astype(np.uint8)


# The frame that follows


def _frames(opened: LoadedRun, _preparation: Preparation) -> tuple[Output, ...]:
    if opened.preprocessor.undone(opened.preprocessor.example_input()) is None:
        raise BadOption("its preprocessor cannot turn what is predicted into frames")
    return (Output(FRAME, PIXELS, about="the frame that follows, in the size the network reads"),)


def _give_frames(opened: LoadedRun, _preparation: Preparation, prepared: Sequence[Any]) -> list[Tensor]:
    frames = []
    for member, given in zip(opened.members, prepared, strict=True):
        window = member.preprocessor.undone(member.task.row.remake(member.network(given), given))
        assert window is not None  # as `_frames` found
        frames.append(window[:, -1])
    return _mean_pixels(frames)


def _expect_frames(opened: LoadedRun, _preparation: Preparation, examples: Examples) -> Arrays:
    return [continue_frames(opened, examples, 1)[:, 0]]


FORMS = {
    "": Form(_answers, _give_answers, _expect_answers),
    "steps": Form(_strings, _give_strings, _expect_strings),
    "causal": Form(_tokens, _give_tokens, _expect_tokens),
    "inputs": Form(_inputs, _give_inputs, _expect_inputs),
    "frames": Form(_frames, _give_frames, _expect_frames),
}
