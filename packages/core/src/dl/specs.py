"""Specifications: what a plugin registers, as frozen values that cost nothing to list.

A specification carries a name, one line and a schema of options, and a function that imports torch only when called.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dl.defaults import Default, FitFacts
from dl.options import InputShape, Option, Options, format_value

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger
    from torch import nn

    from dl.data.examples import Dataset
    from dl.domain import Domain
    from dl.regularizer import Regularizer
    from dl.tasks.task import Task, TaskKind


IN_MEMORY = "in-memory"  # stands in a recipe for data, a network or an optimizer that a program gave
NEXT_TOKEN = "next-token"  # the task of a file whose name says that it holds no target
READ_AS = ("classes", "labels", "numbers", "none")  # how the target of a table is read
PLACES = ("network", "batch", "penalty", "training")  # where a regularizer acts, in the order in which they are applied


@dataclass(frozen=True)
class DomainSpec:
    """A kind of input - images, text, tables - and how it is read and prepared.

    Args:
        name: As typed after ``dl fit``.
        description: One line.
        load: Imports the domain's code and returns it.
        default_recipe: The named recipe that is used when none is given.
        options: What can be chosen about reading and preparing.
        unlabelled: How the names of files end that hold inputs without a target, as ``.txt``: their task is next-token.
        defaults: From what is known of a fit once its data is read, the choices that follow from it, as more epochs for
            few examples. A pure function that imports nothing heavy: the reports ask it again for next commands. It is
            asked where no recipe was asked for, and what the user stated wins.
    """

    name: str
    description: str
    load: Callable[[], Domain]
    default_recipe: str
    options: tuple[Option, ...] = ()
    unlabelled: tuple[str, ...] = ()
    defaults: Callable[[FitFacts], Sequence[Default]] = lambda facts: ()


@dataclass(frozen=True)
class DatasetSpec:
    """A data set that can be named.

    Args:
        name: As typed after the domain.
        domain: The domain that reads its inputs.
        description: One line.
        load: Reads the data, given the options; the test part must stay closed.
        options: What can be chosen about the data set, beside the options of its domain.
        recipe: The named recipe that is used when neither a recipe nor a model is asked for; empty for the domain's.
    """

    name: str
    domain: str
    description: str
    load: Callable[[Options], Dataset]
    options: tuple[Option, ...] = ()
    recipe: str = ""


@dataclass(frozen=True)
class ModelSpec:
    """A network that can be named.

    Args:
        name: As typed after ``--model``.
        domain: The domain whose prepared inputs it reads.
        description: One line.
        build: From the shape of one prepared input, the width of the last layer and the options, a network that maps
            prepared inputs (N, *shape) to logits (N, outputs).
        options: What can be chosen about the network, like its width.
        recipe: The named recipe that is used when the model is asked for and no recipe is; empty for the domain's.
        build_causal: From the shape of one prepared input (longest row, V) and the options, a network that maps rows of
            tokens (`dl.padded.Padded`, (B, T)) to logits (B, T, V), those at a place reading no later token: for the
            task next-token. None where the model has no such form.
    """

    name: str
    domain: str
    description: str
    build: Callable[[InputShape, int, Options], nn.Module]
    options: tuple[Option, ...] = ()
    recipe: str = ""
    build_causal: Callable[[InputShape, Options], nn.Module] | None = None


@dataclass(frozen=True)
class TaskSpec:
    """A row of the task table that can be named with ``--task``.

    Args:
        name: As typed after ``--task``.
        description: One line.
        load: Imports the row's code and returns it.
        target_as: How the target of a table is read for it, one of `READ_AS`. Where it is ``classes``, the split is
            stratified by them.
        from_inputs: Whether the target is read from the inputs: each token from those before it.
    """

    name: str
    description: str
    load: Callable[[], TaskKind]
    target_as: str = "numbers"
    from_inputs: bool = False


@dataclass(frozen=True)
class RegularizerSpec:
    """A regularizer that can be named with ``--reg name=value``.

    Of several, those on the network come first, then those on the batch, penalties, and those on the training; within
    a place by rank, then by name. The order in which they are typed means nothing.

    Args:
        name: As typed after ``--reg``.
        place: Where it acts, one of `PLACES`.
        description: One line.
        build: From the options and the task, what it does. It must leave evaluation as it is.
        options: The first one is what ``name=value`` sets.
        only_for: The domain whose inputs it knows; empty for all.
        tasks: The rows of the task table that it knows; empty for all.
        rank: Within its place; the smaller comes first. Before 50: what changes an example by itself; after 50: what
            needs the others of its batch.
        remedy: The value that the report offers against overfitting, as typed after ``name=``; empty to offer none.
        offered: Its place among the remedies that are offered; the smaller comes first.
    """

    name: str
    place: str
    description: str
    build: Callable[[Options, Task], Regularizer]
    options: tuple[Option, ...] = ()
    only_for: str = ""
    tasks: tuple[str, ...] = ()
    rank: int = 50
    remedy: str = ""
    offered: int = 50

    def typed(self, options: Options) -> str:
        """Return the regularizer as it is typed after ``--reg``, without what is at its default but the first."""
        if not self.options:
            return self.name
        rest = [
            f",{one.name}={format_value(options[one.name])}"
            for one in self.options[1:]
            if options[one.name] != one.default
        ]
        return f"{self.name}={format_value(options[self.options[0].name])}{''.join(rest)}"


@dataclass(frozen=True)
class LoggerSpec:
    """A logger that can be named with ``--logger name``: it is told each epoch's numbers while a fit runs.

    Args:
        name: As typed after ``--logger``.
        description: One line.
        build: From the run folder and the options, a logger of Lightning's.
        options: The first one is what ``name=value`` sets.
    """

    name: str
    description: str
    build: Callable[[Path, Options], Logger]
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class RecipeSpec:
    """A named recipe: choices that are known to work, as the TOML text that a user may copy and edit."""

    name: str
    domain: str
    description: str
    text: str


def recipes_in(folder: Path, domain: str) -> tuple[RecipeSpec, ...]:
    """Return the recipes of a domain's folder: a TOML file each, whose first comment line describes it."""
    return tuple(_read_recipe(path, domain) for path in sorted(folder.glob("*.toml")))


def _read_recipe(path: Path, domain: str) -> RecipeSpec:
    text = path.read_text(encoding="utf-8")
    return RecipeSpec(path.stem, domain, text.partition("\n")[0].lstrip("# "), text)


@dataclass(frozen=True)
class CheckSpec:
    """A check of a run: one question, one finding code.

    Args:
        name: The code, stable and never reused: ``<group>-<words>`` with group ``fit``, ``data``, ``health``, or the
            plugin's own.
        description: One line: what it finds.
        load: Imports the check and returns it: a function from `dl_reports.facts.Facts` to a sequence of `Finding`s
            with this code, or to `NotComputable` with the reason.
        page: Returns the page of the code in Markdown: what ``dl explain`` prints.
        plugin: Who registered it; the host fills it in.
    """

    name: str
    description: str
    load: Callable[[], Callable[[Any], Any]]  # Any: core knows neither the facts nor the reports
    page: Callable[[], str]
    plugin: str = ""


@dataclass(frozen=True)
class SectionSpec:
    """A section that a plugin adds to every report.

    Args:
        name: Its title.
        load: Imports the section and returns it: a function from `dl_reports.facts.Facts` to lines of plain text; no
            line means no section.
        plugin: Who registered it; the host fills it in.
    """

    name: str
    load: Callable[[], Callable[[Any], Any]]  # Any: core knows neither the facts nor the reports
    plugin: str = ""


@dataclass(frozen=True)
class CommandSpec:
    """A verb of the command line.

    Args:
        name: As typed after ``dl``.
        description: Its help: one line, and a line that begins with ``Example: dl``.
        function: What typer reads and calls; its module imports nothing heavy. An int it returns is the exit code.
    """

    name: str
    description: str
    function: Callable[..., int | None]
