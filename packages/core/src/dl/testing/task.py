"""The conformance suite for tasks: target, loss, scores and predictions agree, and a run can be opened again.

It uses a small target that the row of the task accepts. The best logits are found by gradient descent on its loss, from
zero and without a network. Letters: ``n`` examples, ``K`` outputs.
"""

from __future__ import annotations

import json
import math
import tempfile
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dl.data.examples import Dataset, Examples, whole
from dl.data.heads import CLASSES, NUMBERS, Head, HeadNames, heads_of, join
from dl.data.queries import QueryNames
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.plugins.states import short_repr
from dl.runs.estimates import estimate
from dl.runs.manifest import Baseline, Manifest, Parts, parse_manifest
from dl.specs import READ_AS, TaskSpec
from dl.tasks.table import decide, restore
from dl.tasks.targets import are_unlabelled
from dl.tasks.task import Names, Target, Task, TaskKind
from dl.testing.fits import KnownFit, fitted
from dl.testing.light import lists_lightly
from dl.testing.numbers import STEPS as STRING_STEPS
from dl.testing.numbers import Numbers
from dl.testing.rules import Broken, Results, Rules, Skipped, ask
from dl.training.scoring import score

EXAMPLES = 60
STEPS, RATE = 400, 0.1  # of gradient descent
FAR = 20.0  # logits at which a gradient must still be finite
EPOCHS = 3
CLOSE = 1e-4
HEADS = (Head("price", NUMBERS, ("price",), 1), Head("sold", CLASSES, ("no", "yes"), 1))  # of several targets
METRIC_KINDS = ("proportion", "mean", "ranking", "confusion")


def check_task(spec: TaskSpec, plugins: Plugins | None = None, target: Target | None = None) -> Results:
    """Test a task against every rule, on the CPU.

    Args:
        spec: From `Plugins.task`, or built by a plugin.
        plugins: The registered plugins; None loads the installed ones.
        target: A small target (n, ...) for it; None takes the first of `sample_targets` that fits.

    Raises:
        DoesNotConform: Naming each broken rule.
    """
    subject = _Subject(spec, plugins or load_plugins(), target)
    needed = ("it loads a row", "there is a target that fits it")
    with torch.random.fork_rng(devices=[]):
        return ask(f"the task {spec.name!r}", subject, RULES, needed)


def sample_targets() -> list[tuple[str, Target, Names]]:
    """Return a small target of each kind: its ``target_as``, the target itself, and its names."""
    numbers = np.arange(EXAMPLES)
    waves = np.sin(numbers * 0.7)
    return [
        ("classes", numbers % 3, ("low", "middle", "high")),
        ("classes", numbers % 2, ("no", "yes")),
        ("labels", np.stack([numbers % 2, numbers // 2 % 2, numbers % 3 == 0], axis=1).astype(int), ("a", "b", "c")),
        ("numbers", 100 + 30 * waves, ("price",)),
        ("numbers", 0.5 + 0.4 * waves, ("share",)),
        ("numbers", np.stack([numbers % 4 // 3, numbers // 4], axis=1), QueryNames(("relevance",))),
        ("text", np.stack([numbers % 2, numbers % 3, np.full(EXAMPLES, -1)], axis=1), ("x", "y", "z")),
        ("auto", join([100 + 30 * waves, numbers % 2]), HeadNames.of(HEADS)),
        ("none", np.empty((EXAMPLES, 0)), ()),
    ]


class _Subject:
    def __init__(self, spec: TaskSpec, plugins: Plugins, given: Target | None) -> None:
        self.spec, self.plugins, self.given = spec, plugins, given
        self.tasks = {**plugins.tasks, spec.name: spec}

    @cached_property
    def row(self) -> TaskKind:
        """The loaded row of the task table."""
        return self.spec.load()

    @cached_property
    def target(self) -> tuple[Target, Names]:
        """The target of this suite, and its names."""
        as_, given = self.spec.target_as, self.given
        tried = sample_targets() if given is None else [(as_, given, ())]
        for _, target, names in sorted(tried, key=lambda one: one[0] != as_):
            if self._takes(target, names):
                return target, names
        raise Broken("it accepts no sample target; give one: check_task(spec, target=...)")

    def _takes(self, target: Target, names: Names) -> bool:
        """Return whether a sample is a target of the row."""
        if self.row.of_heads is not None or heads_of(names):
            return self.row.of_heads is not None and bool(heads_of(names))
        if self.row.by_query or isinstance(names, QueryNames):
            return self.row.by_query and isinstance(names, QueryNames)
        return are_unlabelled(target) == self.row.from_inputs and (self.row.from_inputs or self.row.fits(target))

    @cached_property
    def task(self) -> Task:
        """The task decided from the target."""
        return decide(*self.target, self.spec.name, tasks=self.tasks)

    @cached_property
    def encoded(self) -> Tensor:
        """The encoded target, for the loss."""
        return self.task.encode(self.target[0])

    @property
    def constant(self) -> Tensor:
        """Logits of zero, (n, K), or at some steps (n, STEPS, K)."""
        steps = (STRING_STEPS,) if self.task.info.has_strings else ()
        return torch.zeros(len(self.encoded), *steps, self.task.info.outputs)

    @cached_property
    def best(self) -> Tensor:
        """Logits (n, K) after gradient descent on the loss."""
        self.need_logits()
        logits = self.constant.requires_grad_()
        optimizer = torch.optim.Adam([logits], lr=RATE)
        for _ in range(STEPS):
            optimizer.zero_grad()
            self.task.row.loss(logits, self.encoded, "none").sum().backward()
            optimizer.step()
        return logits.detach()

    def need_logits(self) -> None:
        """Skip a rule that needs one row of logits per target.

        Raises:
            Skipped: If the task reduces logits before its loss.
        """
        if self.row.from_inputs:
            raise Skipped("its target is read from the inputs, so a network's logits are reduced before its loss")

    def loss(self, logits: Tensor) -> float:
        """The mean loss."""
        return float(self.task.row.loss(logits, self.encoded, "mean"))


def _light(subject: _Subject) -> None:
    lists_lightly(subject.plugins, "tasks", subject.spec.name)


def _listed(subject: _Subject) -> str:
    spec = subject.spec
    if not spec.description.strip():
        raise Broken("it has no description")
    if spec.target_as not in READ_AS:
        raise Broken(f"target_as is {spec.target_as!r}; there are {', '.join(READ_AS)}")
    return f"the target of a table is read as {spec.target_as}"


def _row(subject: _Subject) -> None:
    row = subject.row
    if not isinstance(row, TaskKind):
        raise Broken(f"load returned {short_repr(row)}, not a TaskKind")
    if row.name != subject.spec.name:
        raise Broken(f"its row has the name {row.name!r}")
    if row.from_inputs != subject.spec.from_inputs:
        raise Broken(f"from_inputs is {row.from_inputs} in the row, and {subject.spec.from_inputs} in the TaskSpec")
    if row.form != subject.spec.form:
        raise Broken(f"form is {row.form!r} in the row, and {subject.spec.form!r} in the TaskSpec")
    if row.by_query != subject.spec.by_query:
        raise Broken(f"by_query is {row.by_query} in the row, and {subject.spec.by_query} in the TaskSpec")


def _metrics(subject: _Subject) -> str:
    infos = [metric.info for metric in subject.row.metrics]
    if not infos:
        raise Broken("it has no metric, so no epoch can be chosen")
    for info in infos:
        if not info.name.isidentifier():
            raise Broken(f"the metric {info.name!r} cannot be a column of the history; use letters, digits and _")
        if info.kind not in METRIC_KINDS:
            raise Broken(f"the metric {info.name!r} is of kind {info.kind!r}; there are {', '.join(METRIC_KINDS)}")
    if len({info.name for info in infos}) < len(infos):
        raise Broken("two metrics have the same name")
    return f"{subject.task.info.headline.name} is the headline"


def _target(subject: _Subject) -> str:
    info = subject.task.info
    return f"{info.outputs} outputs for {', '.join(info.names) or 'rows of tokens'}"


def _decodes(subject: _Subject) -> None:
    found = subject.task.decode(subject.encoded).double().numpy().reshape(len(subject.encoded), -1)
    target = subject.target[0].astype(np.float64).reshape(len(subject.encoded), -1)
    if found.shape != target.shape or not np.allclose(found, target, rtol=CLOSE, atol=CLOSE):
        raise Broken("decode does not restore the target from its encoded form")


def _losses(subject: _Subject) -> None:
    logits = torch.randn(subject.constant.shape, generator=torch.Generator().manual_seed(0)).abs()
    each = subject.task.row.loss(logits, subject.encoded, "none")
    if each.shape != (len(logits),):
        raise Broken(f"reduction='none' gives {tuple(each.shape)}, not one loss per example, ({len(logits)},)")
    if not math.isclose(float(each.mean()), subject.loss(logits), rel_tol=CLOSE, abs_tol=CLOSE):
        raise Broken(f"the mean of the losses is {float(each.mean()):g}, and reduction='mean' {subject.loss(logits):g}")


def _gradients(subject: _Subject) -> None:
    for size in (0.0, FAR, -FAR):
        logits = (subject.constant + size).requires_grad_()
        subject.task.row.loss(logits, subject.encoded, "mean").backward()
        if logits.grad is None or not bool(torch.isfinite(logits.grad).all()):
            raise Broken(f"the gradient of its loss is not finite at logits of {size:g}")


def _falls(subject: _Subject) -> str:
    best, constant = subject.loss(subject.best), subject.loss(subject.constant)
    if not best < constant:
        raise Broken(f"the loss of the best logits is {best:.4g}, and of zeros {constant:.4g}")
    return f"{best:.4g}, and {constant:.4g} for zeros"


def _scores(subject: _Subject) -> None:
    for logits in (subject.constant, subject.best):
        scores = subject.task.example_scores(logits, subject.encoded)
        if scores.shape != (len(logits),) or not bool(torch.isfinite(scores).all()):
            raise Broken(f"scores are not one finite number per example: {tuple(scores.shape)}")
        low, high = float(scores.min()), float(scores.max())
        if low < -CLOSE or (subject.task.info.bounded and high > 1):
            raise Broken(f"scores go from {low:g} to {high:g}; a share goes from 0 to 1, an error from 0")


def _agree(subject: _Subject) -> str:
    info = subject.task.info
    best, constant = (
        float(subject.task.example_scores(logits, subject.encoded).mean())
        for logits in (subject.best, subject.constant)
    )
    if not (best > constant if info.score_higher else best < constant):
        way = "higher" if info.score_higher else "lower"
        raise Broken(
            f"its score declares {way} as better, but the best logits score {best:.4g}, and zeros {constant:.4g}"
        )
    metrics = [
        subject.task.metrics(logits, subject.encoded)[info.headline.name] for logits in (subject.best, subject.constant)
    ]
    if not (metrics[0] > metrics[1] if info.headline.higher else metrics[0] < metrics[1]):
        raise Broken(f"{info.headline.name} is {metrics[0]:.4g} for the best logits, and {metrics[1]:.4g} for zeros")
    return f"{info.score} {best:.4g}, and {constant:.4g} for zeros"


def _headline(subject: _Subject) -> str:
    info, logits = subject.task.info, subject.best
    scored = score(subject.task, logits, subject.encoded)
    shown = subject.task.metrics(logits, subject.encoded)[info.headline.name]
    found = estimate(info, scored, subject.target[0])
    if not math.isclose(found.value, shown, rel_tol=CLOSE, abs_tol=CLOSE):
        computed = f"the {info.headline.kind} of the examples' scores is {found.value:.4g}"
        raise Broken(f"{info.headline.name} is {shown:.4g}, but {computed}")
    return f"{shown:.4g} [{found.low:.4g}, {found.high:.4g}]"


def _answers(subject: _Subject) -> str:
    answers = subject.task.answers(subject.best)
    if answers is None or len(answers) != len(subject.best):
        raise Broken("it does not have one answer per example")
    if subject.task.info.has_classes and not np.array_equal(answers.numpy(), subject.target[0]):
        raise Broken("the best logits do not predict the right classes")
    words = subject.task.in_words(answers[0])
    if not isinstance(words, str) or not words:
        raise Broken(f"an answer in words is {words!r}")
    values = subject.task.by_name(subject.task.preds(subject.best)[0])
    if not values or not all(math.isfinite(value) for value in values.values()):
        raise Broken(f"the values of an answer are {values!r}")
    return words


def _margins(subject: _Subject) -> None:
    if not subject.task.info.has_classes:
        raise Skipped("it has no classes")
    if subject.row.margin is None:
        raise Broken("it has classes but no margin, which the search for wrong labels needs")
    margins = subject.task.margins(subject.best, subject.encoded)
    if margins.shape != (len(subject.best),) or float(margins.min()) <= 0:
        raise Broken("not all margins of the best logits are above 0")


def _baselines(subject: _Subject) -> str:
    target, names = subject.target
    subset = whole(Examples(np.zeros((len(target), 1), np.float32), target, np.arange(len(target)), names))
    subject.need_logits()
    found: tuple[Baseline, ...] = subject.task.row.baselines(subject.task, subset, subset, Numbers((1,)))
    if not found:
        raise Broken("it has no baseline to compare a network with")
    headline = subject.task.info.headline
    best = subject.task.metrics(subject.best, subject.encoded)[headline.name]
    for one in found:
        if not math.isfinite(one.score) or not math.isfinite(one.loss or 0.0):
            raise Broken(f"{one.name!r} scores {one.score}, with a loss of {one.loss}")
        if best < one.score if headline.higher else best > one.score:
            raise Broken(f"{one.name!r} scores {one.score:.4g}, better than the best logits, {best:.4g}")
    return ", ".join(f"{one.name} {one.score:.4g}" for one in found)


def _restored(subject: _Subject) -> None:
    info = subject.task.info
    parts = Parts("asked", 1, 1, 1, "", "", (1,), False)
    kept = Manifest("asked", "finished", "", "", "numbers", "linear", 1, info, parts, ()).to_json()
    again = restore(parse_manifest(json.dumps(json.loads(kept)), "run.json").task, subject.tasks)
    logits = subject.constant + 1
    same = again.info == info and torch.equal(again.encode(subject.target[0]), subject.encoded)
    same = same and torch.equal(again.preds(logits), subject.task.preds(logits))
    if not same or float(again.row.loss(logits, subject.encoded, "mean")) != subject.loss(logits):
        raise Broken("a task restored from a run computes other numbers")


def _fitted(subject: _Subject) -> str:
    subject.need_logits()
    target, names = subject.target
    columns = target.reshape(len(target), -1).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 0.1, (len(target), 4)).astype(np.float32)
    inputs = np.concatenate([columns - columns.mean(axis=0), noise], axis=1)
    dataset = Dataset("asked", Examples(inputs, target, np.arange(len(target)), names), val_size=0.3)
    with tempfile.TemporaryDirectory() as folder:
        run = fitted(KnownFit(dataset, "linear", {"epochs": EPOCHS}, subject.spec), Path(folder))
        manifest, rows = run.manifest, run.history.rows
    headline = manifest.task.headline
    sign = 1.0 if headline.higher else -1.0
    merits = [sign * row[f"val_{headline.name}"] for row in rows]
    if manifest.status != "finished" or len(rows) != EPOCHS:
        raise Broken(f"the fit is {manifest.status}: {manifest.message}")
    if merits[manifest.best_epoch - 1] < max(merits):
        raise Broken(f"the kept epoch is {manifest.best_epoch}, which is not the best by {headline.name}")
    return f"epoch {manifest.best_epoch} of {EPOCHS} is kept, with {headline.name} {sign * max(merits):.4g}"


RULES: Rules[_Subject] = {
    "listing it imports nothing heavy": _light,
    "it has a description, and a way to read a table's target": _listed,
    "it loads a row": _row,
    "there is a target that fits it": _target,
    "its metrics can be columns of the history": _metrics,
    "decode undoes encode": _decodes,
    "it has a loss per example, and their mean": _losses,
    "its gradient is finite": _gradients,
    "the best logits have less loss than zeros": _falls,
    "scores are shares or errors": _scores,
    "scores, headline and loss agree on what is better": _agree,
    "its interval belongs to its headline": _headline,
    "it answers in words": _answers,
    "margins of right predictions are above 0": _margins,
    "its baselines can be beaten": _baselines,
    "a run of it can be opened again": _restored,
    "a fit keeps its best epoch by the headline": _fitted,
}
