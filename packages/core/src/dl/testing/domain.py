"""The conformance suite for domains: preprocessor, reading, drawing, sketches, and a batch through a model."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.measure import Measurement
from torch import Tensor

from dl.data.examples import Dataset, Examples, Subset, row_of, whole
from dl.data.ragged import Ragged
from dl.domain import Domain, encode_examples
from dl.errors import DLError
from dl.options import Options, check
from dl.padded import Padded, parts_of
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error
from dl.recipes.close import data_facts
from dl.recipes.resolve import resolve
from dl.recipes.settle import settle
from dl.specs import DomainSpec
from dl.testing.batch import MOST, Batches, cloned, same, sample_of, whole_batch
from dl.testing.light import lists_lightly
from dl.testing.rules import Broken, Results, Rules, Skipped, ask, options_hold, owner
from dl.testing.samples import FILES

EXAMPLES = 8  # of a batch
SIZES = (4, 20, 60, 500, 5_000, 50_000, 5_000_000)  # numbers of examples that defaults are asked for
WIDTH = 40  # columns that an example is drawn in


def check_domain(
    spec: DomainSpec,
    plugins: Plugins | None = None,
    sample: Dataset | None = None,
    paths: Sequence[Path] = (),
) -> Results:
    """Test a domain against every rule, with default options.

    Args:
        spec: From `Plugins.domain`, or built by a plugin.
        plugins: The registered plugins; None loads the installed ones.
        sample: A small data set of the domain; None takes a registered one.
        paths: Files or folders of raw inputs for `Domain.read`.

    Raises:
        DoesNotConform: Naming each broken rule.
    """
    with tempfile.TemporaryDirectory() as folder:
        subject = DomainSubject(spec, plugins or load_plugins(), sample, tuple(paths), Path(folder))
        needed = ("it is loaded", "there is data of it", "it learns a preprocessor")
        return ask(f"the domain {spec.name!r}", subject, RULES, needed)


class DomainSubject:
    """The domain under test.

    Args:
        spec: Its specification.
        plugins: The registered plugins.
        given: A data set of it, if given.
        paths: Raw inputs, if given.
        folder: For files.
    """

    def __init__(
        self, spec: DomainSpec, plugins: Plugins, given: Dataset | None, paths: tuple[Path, ...], folder: Path
    ) -> None:
        self.spec, self.plugins, self.given, self.given_paths, self.folder = spec, plugins, given, paths, folder

    @cached_property
    def domain(self) -> Domain:
        """The loaded domain."""
        return self.spec.load()

    @cached_property
    def options(self) -> Options:
        """Its options at their defaults."""
        return check(self.spec.options, {}, self.spec.name)

    @cached_property
    def dataset(self) -> Dataset:
        """A data set of the domain."""
        if self.given is not None:
            return self.given
        state = owner(self.plugins, "domains", self.spec.name)
        return sample_of(self.spec.name, self.plugins, state.name if state else "")

    @cached_property
    def subset(self) -> Subset:
        """Some of its training examples."""
        return Subset(self.dataset.train, np.arange(min(MOST, len(self.dataset.train))))

    @cached_property
    def batches(self) -> Batches:
        """Prepared inputs."""
        return Batches.of(self.domain, self.subset, self.options)

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Files of raw inputs."""
        if self.given_paths:
            return self.given_paths
        if self.spec.name not in FILES:
            raise Skipped("there are no files of it: give some as paths")
        return (FILES[self.spec.name](self.folder / "raw"),)


def _light(subject: DomainSubject) -> None:
    lists_lightly(subject.plugins, "domains", subject.spec.name)


def _options(subject: DomainSubject) -> None:
    options_hold(subject.spec.options)


def _recipe(subject: DomainSubject) -> str:
    spec, plugins = subject.spec, subject.plugins
    names = [name for domain, name in plugins.datasets if domain == spec.name]
    plugins.recipe(spec.name, spec.default_recipe)
    if not names:
        raise Skipped("no data set of the domain is registered")
    return f"it takes the model {resolve(plugins, spec.name, names[0]).model}"


def _defaults(subject: DomainSubject) -> str:
    spec, plugins, changed = subject.spec, subject.plugins, 0
    recipe = replace(resolve(plugins, spec.name, str(subject.folder), recipe=spec.default_recipe), is_open=True)
    known = data_facts(subject.dataset)
    for examples in SIZES:
        data = replace(known, examples=examples)
        found, applied = settle(recipe, data, plugins)
        if settle(recipe, data, plugins) != (found, applied):
            raise Broken(f"asked twice for {examples:,} examples, its defaults differ")
        if nameless := [one.name for one in applied if not one.reason]:
            raise Broken(f"the default of {nameless[0]!r} has no reason")
        changed = max(changed, len(applied))
    return f"up to {changed} follow from the data"


def _loads(subject: DomainSubject) -> None:
    if not isinstance(subject.domain, Domain):
        raise Broken("load did not return a Domain")


def _data(subject: DomainSubject) -> str:
    return f"{subject.dataset.name}: {len(subject.dataset.train):,} examples"


def _learns(subject: DomainSubject) -> str:
    shape = subject.batches.preprocessor.input_shape
    if not shape or not all(isinstance(side, int) and side > 0 for side in shape):
        raise Broken(f"input_shape is {shape}, not positive whole numbers")
    return f"one prepared input is {' x '.join(map(str, shape))}"


def _learns_from_subset_alone(subject: DomainSubject) -> None:
    """Check that a preprocessor of one half of the rows does not depend on the other half."""
    examples = subject.dataset.train
    for half in (subject.subset.index[::2], subject.subset.index[1::2]):
        within = subject.domain.learn(Subset(examples, half), subject.options).settings()
        alone = subject.domain.learn(whole(examples.take(half)), subject.options).settings()
        if json.dumps(within) != json.dumps(alone):
            raise Broken("the preprocessor of some rows depends on other rows")


def _restores(subject: DomainSubject) -> None:
    first = subject.batches.preprocessor
    try:
        kept = json.dumps(first.settings(), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Broken(f"its settings are not JSON: {error}") from error
    second = subject.domain.restore(json.loads(kept)).eval()
    if json.dumps(second.settings()) != kept or first.input_shape != second.input_shape:
        raise Broken("restored from its settings, it has other settings")
    again = replace(subject.batches, preprocessor=second)
    if not same(whole_batch(subject.batches, EXAMPLES), whole_batch(again, EXAMPLES)):
        raise Broken("restored from its settings, it prepares inputs differently")


def _prepares(subject: DomainSubject) -> None:
    batch, shape = whole_batch(subject.batches, EXAMPLES), subject.batches.preprocessor.input_shape
    if isinstance(batch, Padded):
        if int(batch.lengths.min()) < 1 or batch.values.shape[1] != int(batch.lengths.max()):
            raise Broken("a batch is wider than its longest row, or a row of it has no value")
        return
    if not isinstance(batch, Tensor) or tuple(batch.shape[1:]) != tuple(shape):
        raise Broken(f"a batch is {tuple(getattr(batch, 'shape', ()))}, not (N, {', '.join(map(str, shape))})")
    if batch.is_floating_point() and not torch.isfinite(batch).all():
        raise Broken("not all values of a batch are finite numbers")


def _keeps_encoded(subject: DomainSubject) -> None:
    data = subject.batches.data
    given, _ = data.take(torch.arange(EXAMPLES) % len(data.ids))
    before = {name: cloned(part) for name, part in parts_of(given).items()}
    subject.batches.preprocessor(given)
    if not same(before, parts_of(given)):
        raise Broken("its preprocessor changes the encoded inputs in place")


def _example_input(subject: DomainSubject) -> None:
    preprocessor = subject.batches.preprocessor
    example, batch = preprocessor.example_input(), whole_batch(subject.batches, 1)
    if type(example) is not type(batch):
        raise Broken(f"example_input returns a {type(example).__name__}, but a batch is a {type(batch).__name__}")


def _model(subject: DomainSubject) -> str:
    specs = [spec for (domain, _), spec in subject.plugins.models.items() if domain == subject.spec.name]
    specs = [spec for spec in specs if spec.build is not None]
    if not specs:
        raise Skipped("no model of it is registered")
    spec = specs[0]
    network = spec.network(subject.batches.preprocessor.input_shape, 3, check(spec.options, {}, spec.name)).eval()
    logits = network(whole_batch(subject.batches, EXAMPLES))
    if tuple(logits.shape[1:]) != (3,):
        raise Broken(f"{spec.name} gives {tuple(logits.shape)} for 3 outputs")
    return f"through {spec.name}"


def _draws(subject: DomainSubject) -> None:
    for position in range(min(EXAMPLES, len(subject.subset))):
        drawn = subject.domain.draw(row_of(subject.subset.examples.inputs, position), WIDTH)
        stream = io.StringIO()
        out = Console(file=stream, width=4 * WIDTH, color_system=None, legacy_windows=False)
        out.print(drawn)
        if not stream.getvalue().strip():
            raise Broken("it draws nothing")
        widest = max(len(line.rstrip()) for line in stream.getvalue().splitlines())
        if hasattr(drawn, "__rich_measure__"):  # such as text, which wraps to the width
            widest = min(widest, Measurement.get(out, out.options, drawn).minimum)
        if widest > WIDTH:
            raise Broken(f"its drawing for {WIDTH} columns has {widest}")


def _sketches(subject: DomainSubject) -> None:
    inputs = subject.subset.examples.inputs
    sketches = [subject.domain.sketch(row_of(inputs, k)) for k in range(min(EXAMPLES, len(subject.subset)))]
    kinds = {_kind(one) for one in sketches}
    if kinds != {"text"} and (len(kinds) > 1 or not all(kind.startswith("uint8 (") for kind in kinds)):
        raise Broken(f"sketches are {', '.join(sorted(kinds))}; expected text, or uint8 (h, w, c) of one shape")


def _kind(sketch: object) -> str:
    if isinstance(sketch, str):
        return "text"
    if isinstance(sketch, np.ndarray) and sketch.ndim == 3:
        return f"{sketch.dtype} {sketch.shape}"
    return f"a {type(sketch).__name__}"


def _reads(subject: DomainSubject) -> str:
    preprocessor = subject.batches.preprocessor
    examples = subject.domain.read_raw(subject.paths, preprocessor, subject.options)
    if not len(examples):
        raise Broken("it reads nothing from the files")
    if len(examples.sources) != len(examples):
        raise Broken("sources is empty; name the origin of each input")
    _like_training(examples, subject)
    preprocessor(
        Batches.of(subject.domain, whole(subject.dataset.train), subject.options).data.take(torch.arange(1))[0]
    )
    inputs = encode_examples(examples, preprocessor).inputs
    if isinstance(inputs, Ragged) is not isinstance(
        encode_examples(subject.dataset.train, preprocessor).inputs, Ragged
    ):
        raise Broken("its inputs have another form than those of a data set")
    return f"{len(examples):,} inputs"


def _like_training(examples: Examples, subject: DomainSubject) -> None:
    ours, theirs = examples.inputs, subject.dataset.train.inputs
    if not isinstance(ours, np.ndarray) or not isinstance(theirs, np.ndarray):
        return
    if _form(ours.dtype) != _form(theirs.dtype) or ours.shape[1:] != theirs.shape[1:]:
        raise Broken(f"it reads {ours.dtype} {ours.shape[1:]}, but a data set has {theirs.dtype} {theirs.shape[1:]}")


def _form(dtype: np.dtype[Any]) -> list[tuple[str, str]]:
    """Return the fields of a structured dtype with their kinds, or the one dtype."""
    return [(name, dtype[name].kind) for name in dtype.names] if dtype.names else [("", dtype.str)]


def _refuses(subject: DomainSubject) -> None:
    missing, empty = subject.folder / "nowhere", subject.folder / "empty"
    empty.mkdir()
    for action, path in (("read", missing), ("open_path", missing), ("open_path", empty)):
        try:
            if action == "read":
                subject.domain.read_raw([path], subject.batches.preprocessor, subject.options)
            else:
                subject.domain.open_path(path, subject.options)
        except DLError:
            continue
        except Exception as error:
            kind = "an empty folder" if path is empty else "a missing path"
            raise Broken(f"{action} of {kind} raises no DLError, but {describe_error(error)}") from error
        raise Broken(f"{action} of {path.name!r} raises no error")


def _recognizes(subject: DomainSubject) -> None:
    for path in (subject.folder / "nowhere", subject.folder):
        sure = subject.domain.recognize(path, subject.options)
        if not 0 <= sure <= 1:
            raise Broken(f"recognize returns {sure}, not a number from 0 to 1")


def _strings(subject: DomainSubject) -> None:
    if subject.domain.from_strings is None:
        raise Skipped("its inputs are no texts")
    examples = subject.domain.from_strings(["one", "and two"])
    if len(examples) != 2:
        raise Broken(f"from_strings makes {len(examples)} inputs of two strings")
    encode_examples(examples, subject.batches.preprocessor)


RULES: Rules[DomainSubject] = {
    "listing it imports nothing heavy": _light,
    "its options can be used": _options,
    "its default recipe works": _recipe,
    "its defaults for data of any size fit": _defaults,
    "it is loaded": _loads,
    "there is data of it": _data,
    "it learns a preprocessor": _learns,
    "it learns from the given rows alone": _learns_from_subset_alone,
    "its settings restore the same preprocessor": _restores,
    "a batch has its input_shape": _prepares,
    "it keeps encoded inputs unchanged": _keeps_encoded,
    "its example input has the form of a batch": _example_input,
    "a batch goes through a model": _model,
    "it draws an example": _draws,
    "it sketches an example": _sketches,
    "it reads raw inputs": _reads,
    "a missing path is an error of one line": _refuses,
    "it recognizes paths": _recognizes,
    "it takes strings": _strings,
}
