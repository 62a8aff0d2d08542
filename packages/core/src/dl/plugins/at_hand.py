"""What a program gives to a fit that no recipe can name: data, a network, an optimizer, callbacks.

It is registered in a copy of `Plugins` under the name ``in-memory``, so that the fit is the usual one.

    plugins, data, options = at_hand.register(plugins), IN_MEMORY, at_hand.options(...)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dl.data.memory import FRAME, Given, is_named, split_pair, take
from dl.errors import BadData, BadOption, BadRun
from dl.options import InputShape, Options
from dl.plugins.registry import Plugins
from dl.specs import IN_MEMORY, DatasetSpec, ModelSpec
from dl.tables.memory import KnownRows, encode_target, reading, split_frame, unlabelled, with_rows
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
    """Inputs with what is known of them.

    Args:
        given: The inputs; a frame has its target still, where that is named.
        target: Beside them; None where a frame has it, or there is none.
    """

    given: Given
    target: object = None

    @classmethod
    def of(cls, data: object, target: object = None) -> tuple[InMemory, str]:
        """Read data as `dl.fit` takes it; return also the names of its target columns, with commas, if any are named.

        Raises:
            BadData: If it cannot be taken.
            BadOption: If a column is named where there is none.
        """
        inputs, beside = split_pair(data, None if isinstance(target, str) else target)
        given = take(inputs)
        if isinstance(target, str) and (given.form != FRAME or beside is not None):
            raise BadOption(f"target={target!r} names a column of a frame; {given.words} was given")
        named = target if isinstance(target, str) else _several_names(given, target)
        return cls(given, None if named else beside), named

    def split(self, options: Options) -> tuple[Given, KnownRows]:
        """Return the inputs alone, and what is known of each row."""
        labelled = self.target is None and options.get("target_as") != UNLABELLED
        if self.given.form == FRAME:
            inputs, known = split_frame(self.given, options, labelled=labelled)
            return inputs, known if self.target is None else replace(known, target=self.target)
        if labelled:
            raise BadData(f"{self.given.words} was given without a target; give a pair: (inputs, targets)")
        return self.given, KnownRows(self.target)


def _several_names(given: Given, target: object) -> str:
    """Return column names with commas, where a list names columns of a frame."""
    listed = list(target) if isinstance(target, (list, tuple)) and given.form == FRAME else []
    named = bool(listed) and all(isinstance(name, str) and name in given.values.column_names for name in listed)
    return ",".join(listed) if named else ""


@dataclass(frozen=True)
class AtHand:
    """What a program gave, none of which a recipe can name.

    Args:
        data: To learn from, or None.
        test: The test part, or None.
        model: A network, or a function from input shape and outputs to one, or None.
        optimizer: A function from parameters to an optimizer, or None.
        callbacks: Of Lightning.
    """

    data: InMemory | None = None
    test: InMemory | None = None
    model: Model | None = None
    optimizer: Callable[[list[nn.Parameter]], Any] | None = None  # Any: an optimizer of torch
    callbacks: tuple[Any, ...] = ()  # Any: callbacks of Lightning

    @property
    def names(self) -> tuple[str, ...]:
        """What a run needs again that no recipe holds."""
        held = {"data": self.data, "model": self.model, "optimizer": self.optimizer}
        return tuple(name for name, value in held.items() if value is not None)

    def __bool__(self) -> bool:
        return bool(self.names or self.callbacks or self.test is not None)

    @classmethod
    def of(
        cls, data: object, target: object, test: object, model: object, optimizer: object, callbacks: Sequence[Any]
    ) -> tuple[AtHand, dict[str, object]]:
        """Sort what `dl.fit` was given; return also the options that say the same in words: ``target``, ``optimizer``.

        Args:
            data: The name of a data set, a path, or data itself.
            target: Names of target columns, or the targets themselves.
            test: The test part, or None.
            model: The name of a model, a network, or a function that builds one.
            optimizer: The name of an optimizer, a function that makes one, or None.
            callbacks: Of Lightning. Any: this half of core does not import it.

        Raises:
            BadData: If data cannot be taken.
            BadOption: If something is of none of these kinds.
        """
        options: dict[str, object] = {}
        held = held_out = None
        if is_named(data):
            options |= _of_named(data, target, test)
        else:
            held, named = InMemory.of(data, target)
            options |= {"target": named} if named else {}
            held_out = None if test is None else InMemory.of(test, target if named else None)[0]
        if isinstance(optimizer, str):
            options["optimizer"] = optimizer
        own = None if isinstance(model, str) else _callable(model, "model", "a name, a network or a function")
        named_or_none = optimizer is None or isinstance(optimizer, str)
        expected = "a name, or a function from parameters to an optimizer"
        made = None if named_or_none else _callable(optimizer, "optimizer", expected)
        return cls(held, held_out, own, made, tuple(callbacks)), options

    def register(self, plugins: Plugins) -> Plugins:
        """Return the plugins with data and network under the name ``in-memory``, in every domain."""
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
        train = unlabelled(found.train) if options.get("target_as") == UNLABELLED else found.train
        dataset = replace(found, name=IN_MEMORY, source="given in memory", title=self.data.given.words, train=train)
        dataset = with_rows(dataset, known, options)
        if self.test is None:
            return dataset
        return replace(dataset, open_test=partial(_open_test, self.test))

    def _model(self, domain: str) -> ModelSpec:
        model = self.model
        assert model is not None

        def build(shape: InputShape, outputs: int, _options: Options) -> nn.Module:
            from torch import nn

            if isinstance(model, nn.Module):
                return _copied(model)  # the fit leaves it as it was given, and a second one begins alike
            network = model(shape, outputs)
            if not isinstance(network, nn.Module):
                raise BadOption(f"the function given as model= returned {type(network).__name__}, not an nn.Module")
            return network

        return ModelSpec(IN_MEMORY, domain, "given in memory", build)


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
        BadOption: If targets or a test part are given in memory beside a name or a path.
    """
    if test is not None:
        raise BadOption(f"test= goes with data in memory; {safe_text(data)!r} brings its own test part")
    if target is None:
        return {}
    names = [target] if isinstance(target, str) else target
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise BadOption(f"target= beside {safe_text(data)!r} names a column of it; give inputs and targets together")
    return {"target": ",".join(names)}


def _callable(value: Any, name: str, expected: str) -> Any:  # Any: of the user's own
    if not callable(value):
        raise BadOption(f"{name}= takes {expected}; {safe_text(value, 40)!r} was given")
    return value


def _open_test(_test: InMemory) -> Examples:
    raise AssertionError("dl.evaluate reads a test part that was given, with the run's own preprocessor")


def read_given(
    domain: Domain, name: str, given: Given, options: Options, preprocessor: Preprocessor | None = None
) -> Dataset:
    """Return inputs in memory as examples with targets of zeros.

    Raises:
        BadData: If the domain takes no such inputs.
    """
    if domain.from_memory is None:
        raise BadData(f"{name} takes no inputs from memory; give a path, or the name of a data set")
    return domain.from_memory(given, reading(options), preprocessor)


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
    """Return examples to score, their targets as a run has learnt them.

    Raises:
        BadData: If inputs or targets do not fit the run.
    """
    inputs, known = data.split(options)
    examples = read_given(domain, name, inputs, options, preprocessor).train
    if known.target is None:
        return unlabelled(examples)
    targets = encode_target(known.target, len(examples), names, options, classes=classes)
    return replace(examples, targets=targets, names=tuple(names))


def asked_target(plugins: Plugins, task: str) -> dict[str, str]:
    """Return the option that says what a task needs its target to be."""
    return {"target_as": plugins.task(task).target_as} if task else {}


def without(plugins: Plugins, missing: Sequence[str], run: str) -> Plugins:
    """Return the plugins with what a run needs from memory, as something that is refused when it is used.

    Args:
        plugins: What is registered.
        missing: Of ``data`` and ``model``.
        run: Name of the run.
    """

    def no_data(_options: Options) -> Dataset:
        raise BadRun(f"{run} was fitted on data in memory; give the examples to score: dl.evaluate(run, data=(x, y))")

    def no_model(_shape: InputShape, _outputs: int, _options: Options) -> nn.Module:
        raise BadRun(f"{run} has a network of its own; give it again, in Python: dl.load(run, model=build)")

    options = tuple(option for option in OPTIONS if option.name in OF_FRAMES)
    datasets = {(name, IN_MEMORY): DatasetSpec(IN_MEMORY, name, "", no_data, options) for name in plugins.domains}
    models = {(name, IN_MEMORY): ModelSpec(IN_MEMORY, name, "", no_model) for name in plugins.domains}
    return replace(
        plugins,
        datasets={**plugins.datasets, **(datasets if "data" in missing else {})},
        models={**plugins.models, **(models if "model" in missing else {})},
    )
