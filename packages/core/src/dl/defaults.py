"""Defaults that follow the data: what is known of a fit once its data is read, and the choices that follow from it.

A domain registers a pure function from `FitFacts` to `Default`s (`dl.specs.DomainSpec.defaults`). It is asked once, in
`dl.recipes.settle`, for what neither the user nor a named recipe stated.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dl.options import Options, Value, format_value


@dataclass(frozen=True)
class BranchFacts:
    """Facts of one kind of input among several.

    Args:
        name: Of the branch.
        domain: Of its inputs.
        shape: As in `DataFacts`.
        length: As in `DataFacts`.
    """

    name: str
    domain: str
    shape: tuple[int, ...] = ()
    length: int = 0


@dataclass(frozen=True)
class DataFacts:
    """Facts of a data set that are known before it is split.

    Args:
        examples: Number of training examples, including those that will be held out for validation.
        val: Number of validation examples that the data set brings; 0 if it brings none.
        val_size: Number (or share, below 1) of ``examples`` to hold out if it does not.
        shape: Of one stored input; empty where inputs differ in length. The number of columns of a table.
        length: Median length of a stored input where inputs differ in length, in bytes for texts; otherwise 0.
        target: How the target reads: ``classes``, ``labels``, ``numbers``, ``text``, or ``none``.
        outputs: Number of classes, labels or values; 0 for ``none``.
        branches: Of inputs of several kinds, those of each; ``shape`` and ``length`` are then empty.
    """

    examples: int
    val: int = 0
    val_size: float = 0.2
    shape: tuple[int, ...] = ()
    length: int = 0
    target: str = "none"
    outputs: int = 0
    branches: tuple[BranchFacts, ...] = ()


@dataclass(frozen=True)
class FitFacts:
    """What is known of a fit when its defaults are chosen.

    Args:
        data: Of its data set.
        train: Number of training examples, but for groups and duplicates that are not cut.
        val: Number of validation examples, likewise.
        model: Name of the model.
        options: Options of model, training, split and data as they stand without defaults, by name.
        stated: Those of them that the user stated; they always win over a default.
        linear: Whether every regularizer of the fit may stand beside a linear path.
        regularizers: Names of those that the recipe has or the user stated.
    """

    data: DataFacts
    train: int
    val: int
    model: str
    options: Options = field(default_factory=dict)
    stated: frozenset[str] = frozenset()
    linear: bool = True
    regularizers: frozenset[str] = frozenset()

    def steps(self, batch_size: int) -> int:
        """Return the number of optimizer steps in an epoch, by the batch size that the user stated if there is one."""
        size = int(self.options["batch_size"]) if "batch_size" in self.stated else batch_size
        return max(1, -(-self.train // size))


@dataclass(frozen=True)
class Default:
    """One choice that follows from the data.

    Args:
        name: Of an option, as typed before the ``=``; or of a regularizer.
        value: Of the option, or of the regularizer's first option.
        reason: One line, shown before the fit: the fact that it follows from.
        is_regularizer: Whether ``name`` is that of a regularizer. One that is not installed is left out.
    """

    name: str
    value: Value
    reason: str
    is_regularizer: bool = False

    @property
    def typed(self) -> str:
        """The choice as it is typed."""
        return f"{'--reg ' if self.is_regularizer else ''}{self.name}={format_value(self.value)}"

    @property
    def in_words(self) -> str:
        """The choice as it is typed, and its reason."""
        return f"{self.typed}: {self.reason}"


def enough_epochs(steps_per_epoch: int, steps: int, least: int, most: int) -> int:
    """Return the number of epochs that take at least this many optimizer steps, from ``least`` to ``most``."""
    return min(max(least, -(-steps // steps_per_epoch)), most)


def stopping(epochs: int) -> Default:
    """Return the default that ends a fit whose validation loss has not improved for a third of its epochs."""
    patience = max(3, epochs // 3)
    reason = f"{epochs} epochs at most: the fit ends after {patience} without a lower validation loss"
    return Default("early-stopping", patience, reason, is_regularizer=True)
