"""Hold arguments of `dl.fit` that no recipe can name: data, a network, an optimizer, callbacks.

They are registered in a copy of `Plugins` under the name ``in-memory``; from there the fit is the usual one.

    plugins, data, options = at_hand.register(plugins), IN_MEMORY, at_hand.options(...)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dl.data.examples import drop_targets
from dl.data.memory import FRAME, Given, is_named, split_pair, take
from dl.errors import BadData, BadOption, BadRun
from dl.options import InputShape, Options
from dl.plugins.registry import Plugins
from dl.specs import IN_MEMORY, DatasetSpec, ModelSpec, OwnStep
from dl.tables.guards import check_given
from dl.tables.memory import KnownRows, encode_target, reading, split_frame, with_rows
from dl.tables.options import OPTIONS
from dl.terminal import safe_text

if TYPE_CHECKING:
    from torch import nn

    # A network, or a function from the shape of one input and the number of outputs to one.
    Model = nn.Module | Callable[[InputShape, int], nn.Module]

    from dl.data.examples import Dataset, Examples
    from dl.domain import Domain, Preprocessor

UNLABELLED = "none"  # the value of `target_as` where the task reads its target from the inputs
OF_FRAMES = ("input", "target", "target_as", "separator", "group_on", "time_on")
OF_ALL = ("target_as", "separator")


@dataclass(frozen=True)
class InMemory:
    """Inputs in memory with their target.

    Args:
        given: The inputs; a frame may include target columns.
        target: The target passed beside the inputs; None if the frame includes it, or there is none.
    """

    given: Given
    target: object = None

    @classmethod
    def of(cls, data: object, target: object = None) -> tuple[InMemory, str]:
        """Convert data as `dl.fit` takes it; return also the named target columns, joined by commas.

        Raises:
            BadData: If it cannot be converted.
            BadOption: If a target column is named, but the data is no frame.
        """
        inputs, beside = split_pair(data, None if isinstance(target, str) else target)
        given = take(inputs)
        if isinstance(target, str) and (given.form != FRAME or beside is not None):
            raise BadOption(f"target={target!r} names a column of a frame; {given.words} was given")
        named = target if isinstance(target, str) else _several_names(given, target)
        return cls(given, None if named else beside), named

    def split(self, options: Options) -> tuple[Given, KnownRows]:
        """Separate inputs from targets, groups and times."""
        labelled = self.target is None and options.get("target_as") != UNLABELLED
        if self.given.form == FRAME:
            inputs, known = split_frame(self.given, options, labelled=labelled)
            return inputs, known if self.target is None else replace(known, target=self.target)
        if labelled:
            raise BadData(f"{self.given.words} was given without a target; give a pair: (inputs, targets)")
        return self.given, KnownRows(self.target)


def _several_names(given: Given, target: object) -> str:
    """Join the column names of a frame by commas; empty if the target is no list of column names."""
    listed = list(target) if isinstance(target, (list, tuple)) and given.form == FRAME else []
    named = bool(listed) and all(isinstance(name, str) and name in given.values.column_names for name in listed)
    return ",".join(listed) if named else ""


@dataclass(frozen=True)
class AtHand:
    """Arguments of a fit that no recipe can name.

    Args:
        data: To train and validate on, or None.
        test: The test set, or None.
        model: A network, or a function from input shape and outputs to one, or None.
        optimizer: A function from parameters to an optimizer, or None.
        callbacks: Of Lightning.
        own_step: A training step in place of dl's own, or None.
    """

    data: InMemory | None = None
    test: InMemory | None = None
    model: Model | None = None
    optimizer: Callable[[list[nn.Parameter]], Any] | None = None  # Any: an optimizer of torch
    callbacks: tuple[Any, ...] = ()  # Any: callbacks of Lightning
    own_step: OwnStep | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The arguments that are needed again to use the run, by name."""
        needed = {"data": self.data, "model": self.model, "optimizer": self.optimizer or self.own_step}
        return tuple(name for name, value in needed.items() if value is not None)

    def __bool__(self) -> bool:
        return bool(self.names or self.callbacks or self.test is not None)

    @classmethod
    def of(
        cls, data: object, target: object, test: object, model: object, optimizer: object, callbacks: Sequence[Any]
    ) -> tuple[AtHand, dict[str, object]]:
        """Separate in-memory arguments of `dl.fit` from names, which are returned as options ``target``, ``optimizer``.

        Args:
            data: The name of a data set, a path, or data itself.
            target: Names of target columns, or the targets themselves.
            test: The test set, or None.
            model: The name of a model, a network, or a function that builds one.
            optimizer: The name of an optimizer, a function that makes one, or None.
            callbacks: Of Lightning. Any: this half of core does not import it.

        Raises:
            BadData: If data cannot be converted.
            BadOption: If an argument has another type.
        """
        options: dict[str, object] = {}
        own_data = own_test = None
        if is_named(data):
            options |= _of_named(data, target, test)
        else:
            own_data, named = InMemory.of(data, target)
            options |= {"target": named} if named else {}
            own_test = None if test is None else InMemory.of(test, target if named else None)[0]
        if isinstance(optimizer, str):
            options["optimizer"] = optimizer
        own_model = None if isinstance(model, str) else _callable(model, "model", "a name, a network or a function")
        named_or_none = optimizer is None or isinstance(optimizer, str)
        expected = "a name, or a function from parameters to an optimizer"
        own_optimizer = None if named_or_none else _callable(optimizer, "optimizer", expected)
        return cls(own_data, own_test, own_model, own_optimizer, tuple(callbacks)), options

    def register(self, plugins: Plugins) -> Plugins:
        """Register data and network under the name ``in-memory``, in every domain, in a copy of the plugins."""
        domains = plugins.domains
        datasets = {(name, IN_MEMORY): self._dataset(plugins, name) for name in domains} if self.data else {}
        models = {(name, IN_MEMORY): self._model(name) for name in domains} if self.model is not None else {}
        return replace(plugins, datasets={**plugins.datasets, **datasets}, models={**plugins.models, **models})

    def _dataset(self, plugins: Plugins, domain: str) -> DatasetSpec:
        assert self.data is not None
        names = OF_FRAMES if self.data.given.form == FRAME else OF_ALL
        options = tuple(option for option in OPTIONS if option.name in names)
        return DatasetSpec(IN_MEMORY, domain, self.data.given.words, partial(self._load, plugins, domain), options)

    def _load(self, plugins: Plugins, domain: str, options: Options) -> Dataset:
        assert self.data is not None
        loaded = plugins.domain(domain).load()
        inputs, known = self.data.split(options)
        found = read_given(loaded, domain, inputs, options)
        train = drop_targets(found.train) if options.get("target_as") == UNLABELLED else found.train
        dataset = replace(found, name=IN_MEMORY, source="given in memory", title=self.data.given.words, train=train)
        dataset = with_rows(dataset, known, options)
        dataset = replace(dataset, findings=(*dataset.findings, *check_given(inputs, dataset)))
        if self.test is None:
            return dataset
        return replace(dataset, open_test=partial(_open_test, self.test))

    def _model(self, domain: str) -> ModelSpec:
        model = self.model
        assert model is not None

        def build(shape: InputShape, outputs: int, _options: Options) -> nn.Module:
            from torch import nn

            if isinstance(model, nn.Module):
                return _copied(model)  # so that a second fit starts from the same weights
            network = model(shape, outputs)
            if not isinstance(network, nn.Module):
                raise BadOption(f"the function given as model= returned {type(network).__name__}, not an nn.Module")
            return network

        def build_autoencoder(shape: InputShape, options: Options) -> nn.Module:
            return build(shape, math.prod(shape), options)

        def build_next_frame(shape: InputShape, options: Options) -> nn.Module:
            return build(shape, math.prod(shape[1:]), options)

        return ModelSpec(
            IN_MEMORY,
            domain,
            "given in memory",
            build,
            build_autoencoder=build_autoencoder,
            build_next_frame=build_next_frame,
        )


NOTHING = AtHand()


def _copied(network: nn.Module) -> nn.Module:
    try:
        return deepcopy(network)
    except (RuntimeError, TypeError) as error:
        why = str(error).splitlines()[0]
        raise BadOption(
            f"the network given as model= cannot be copied; give a function that builds it: {why}"
        ) from error


def _of_named(data: object, target: object, test: object) -> dict[str, object]:
    """Return the option that names the target columns of a file.

    Raises:
        BadOption: If targets or a test set in memory are passed with a name or a path.
    """
    if test is not None:
        raise BadOption(f"test= needs data in memory; {safe_text(data)!r} is a name or a path")
    if target is None:
        return {}
    names = [target] if isinstance(target, str) else target
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise BadOption(f"with {safe_text(data)!r}, target= takes names of columns; give targets in memory with inputs")
    return {"target": ",".join(names)}


def _callable(value: Any, name: str, expected: str) -> Any:  # Any: the user's object
    if not callable(value):
        raise BadOption(f"{name}= takes {expected}; {safe_text(value, 40)!r} was given")
    return value


def take_step(training_step: object, optimizers: object, optimizer: object) -> OwnStep | None:
    """Return the training step given to a fit; None without one.

    Raises:
        BadOption: If the arguments do not go together.
    """
    if training_step is None:
        if optimizers is not None:
            raise BadOption("optimizers= goes with training_step=; for dl's own step give optimizer=")
        return None
    if optimizer is not None:
        raise BadOption("optimizer= does not go with training_step=; give optimizers=, from the network to a list")
    step = _callable(training_step, "training_step", "a function of the network, a batch and optimizers")
    return OwnStep(
        step, _callable(optimizers, "optimizers", "a function from the network to a list, with training_step")
    )


def _open_test(_test: InMemory) -> Examples:
    raise AssertionError("dl.evaluate reads a test set in memory itself, with the run's own preprocessor")


def read_given(
    domain: Domain,
    name: str,
    given: Given,
    options: Options,
    preprocessor: Preprocessor | None = None,
    *,
    skip: bool = False,
) -> Dataset:
    """Convert inputs in memory to examples, with zeros as targets.

    Args:
        domain: That takes them.
        name: Of the domain.
        given: The inputs.
        options: Of reading.
        preprocessor: Of a run.
        skip: Whether rows may be skipped, as ``bad_rows`` asks; else each must be usable.

    Raises:
        BadData: If the domain takes no such inputs.
    """
    if domain.from_memory is None:
        raise BadData(f"{name} takes no inputs from memory; give a path, or the name of a data set")
    rows = {name: options[name] for name in ("bad_rows",) if skip and name in options}
    return domain.from_memory(given, {**reading(options), **rows}, preprocessor)


def read_labelled(
    domain: Domain,
    name: str,
    data: InMemory,
    options: Options,
    preprocessor: Preprocessor,
    names: Sequence[str],
    *,
    classes: bool,
) -> Examples:
    """Convert labelled data in memory to examples, with targets encoded as in the run.

    Raises:
        BadData: If inputs or targets do not fit the run.
    """
    inputs, known = data.split(options)
    examples = read_given(domain, name, inputs, options, preprocessor).train
    if known.target is None or options.get("target_as") == UNLABELLED:
        return drop_targets(examples)
    targets = encode_target(known.target, len(examples), names, options, classes=classes)
    return replace(examples, targets=targets, names=tuple(names), groups=known.groups)


@dataclass(frozen=True)
class Arguments:
    """The data and the network of a call from Python by name, with what is in memory behind the names.

    Args:
        data: Name of a data set, or path; ``in-memory`` for data in memory.
        model: Name of a model; empty for the recipe's, ``in-memory`` for a network in memory.
        options: Those given, and those that name the target.
        at_hand: What is in memory.
        plugins: The registered plugins, and what is in memory among them.
    """

    data: str
    model: str
    options: dict[str, object]
    at_hand: AtHand
    plugins: Plugins


def take_arguments(
    plugins: Plugins,
    data: object,
    target: object,
    test: object,
    model: str | Model,
    task: str,
    options: Mapping[str, object],
    optimizer: object = None,
    callbacks: Sequence[object] = (),
    own_step: OwnStep | None = None,
) -> Arguments:
    """Name the arguments of `dl.fit` and its like, and register those in memory under their names.

    Raises:
        BadData: If data in memory cannot be converted.
        BadOption: If arguments do not go together.
    """
    at_hand, named = AtHand.of(data, target, test, model, optimizer, callbacks)
    at_hand = replace(at_hand, own_step=own_step)
    if at_hand.data is not None and "target_as" not in options and task:
        named |= {"target_as": plugins.task(task).target_as}
    name = IN_MEMORY if at_hand.data is not None else str(data)
    network = model if isinstance(model, str) else IN_MEMORY
    return Arguments(name, network, {**options, **named}, at_hand, at_hand.register(plugins))


def without(plugins: Plugins, missing: Sequence[str], run: str) -> Plugins:
    """Register placeholders for in-memory data and network, whose use is an error, in a copy of the plugins.

    Args:
        plugins: The registered plugins.
        missing: The missing ones of ``data`` and ``model``.
        run: Name of the run.
    """

    def no_data(_options: Options) -> Dataset:
        raise BadRun(f"{run} was fitted on data in memory; give the examples to score: dl.evaluate(run, data=(x, y))")

    def no_model(_shape: InputShape, _outputs: int, _options: Options) -> nn.Module:
        raise BadRun(f"{run} was fitted with a network in memory; give it again, in Python: dl.load(run, model=build)")

    options = tuple(option for option in OPTIONS if option.name in OF_FRAMES)
    datasets = {(name, IN_MEMORY): DatasetSpec(IN_MEMORY, name, "", no_data, options) for name in plugins.domains}
    models = {(name, IN_MEMORY): ModelSpec(IN_MEMORY, name, "", no_model) for name in plugins.domains}
    return replace(
        plugins,
        datasets={**plugins.datasets, **(datasets if "data" in missing else {})},
        models={**plugins.models, **(models if "model" in missing else {})},
    )
