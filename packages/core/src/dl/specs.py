"""Specifications: the frozen values that a plugin registers, listed without importing anything heavy.

A specification has a name, a description, a schema of options, and a function that imports torch only when called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dl.defaults import Default, FitFacts
from dl.errors import BadOption
from dl.options import InputShape, Option, Options, Value, format_value

if TYPE_CHECKING:
    from lightning.pytorch.loggers import Logger
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from dl.data.examples import Dataset, Examples, Subset
    from dl.domain import Domain
    from dl.hookspecs import RunReport
    from dl.learner import Learner
    from dl.regularizer import Regularizer
    from dl.tasks.task import Task, TaskKind


IN_MEMORY = "in-memory"  # in a recipe: data, a network or an optimizer in memory
NEXT_TOKEN = "next-token"  # the task of a file whose suffix means no target
READ_AS = ("classes", "labels", "numbers", "text", "none", "auto")  # how the target of a table is read
FORMS = {  # of networks: the builder of each
    "": "build",
    "causal": "build_causal",
    "steps": "build_steps",
    "inputs": "build_autoencoder",
    "frames": "build_next_frame",
}
PLACES = ("network", "batch", "penalty", "training")  # of regularizers, in the order of application


@dataclass(frozen=True)
class DomainSpec:
    """A kind of input, such as images, text, tables, and how it is read and prepared.

    Args:
        name: For ``dl fit NAME``.
        description: One line.
        load: Imports the domain's code and returns it.
        default_recipe: Name of the recipe to use if none is given.
        options: Of reading and preprocessing.
        unlabelled: Suffixes of files without a target, such as ``.txt``: their task is next-token.
        defaults: From the facts of a fit whose data is read, the options that follow from them, such as more epochs for
            few examples. A pure function that imports nothing heavy: reports call it again for next commands. It is
            called if no recipe was asked for; options that the user stated win.
        branch: Noun for columns of a table with this kind of input beside others, as ``texts``: the option that lists
            them for the domain `mixed`. Empty if its `Domain.columns` is None.
        composes: The domains of which this one is made; empty for all but `mixed`.
    """

    name: str
    description: str
    load: Callable[[], Domain]
    default_recipe: str
    options: tuple[Option, ...] = ()
    unlabelled: tuple[str, ...] = ()
    defaults: Callable[[FitFacts], Sequence[Default]] = lambda facts: ()
    branch: str = ""
    composes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DatasetSpec:
    """A named data set.

    Args:
        name: For ``dl fit DOMAIN NAME``.
        domain: The domain that reads its inputs.
        description: One line.
        load: Reads the data, given the options; the test set must stay closed.
        options: Of the data set, in addition to those of its domain.
        recipe: Name of the recipe to use if neither a recipe nor a model is given; empty for the domain's.
    """

    name: str
    domain: str
    description: str
    load: Callable[[Options], Dataset]
    options: tuple[Option, ...] = ()
    recipe: str = ""


@dataclass(frozen=True)
class OwnStep:
    """A training step in place of dl's own, as of a generator and a discriminator.

    Args:
        step: From the network, a batch (`dl.regularizer.Batch`) and each optimizer to the loss that is shown, a scalar.
            It clears the gradients, runs backward and takes the steps of the optimizers itself.
        optimizers: From the network to its optimizers; None takes the recipe's.
    """

    step: Callable[..., Tensor]  # ...: as many optimizers as there are
    optimizers: Callable[[nn.Module], Sequence[Optimizer]] | None = None


@dataclass(frozen=True)
class ModelSpec:
    """A named model: a network, or a learner of scikit-learn.

    Args:
        name: For ``--model NAME``.
        domain: The domain whose inputs it reads.
        description: One line.
        build: From the shape of one prepared input, the width of the last layer and the options, a network that maps
            prepared inputs (N, *shape) to logits (N, outputs). None for a learner, and for a network of another form.
        options: Of the network, such as its width, or of the learner.
        recipe: Name of the recipe to use if the model is given without a recipe; empty for the domain's.
        build_causal: From the shape of one prepared input (longest row, V) and the options, a network that maps rows of
            tokens (`dl.padded.Padded`, (B, T)) to logits (B, T, V) that read no later token, for the task next-token.
            None if the model has no such form.
        build_steps: From the shape of one prepared input, the width K of the last layer and the options, a network that
            maps prepared inputs to logits at every step (N, T, K), for tasks whose target is a sequence, as ctc. None
            if the model has no such form.
        build_autoencoder: From the shape of one prepared input and the options, a network that maps prepared inputs
            (N, *shape) to their reconstruction, of the same shape, for the task reconstruction: a
            `dl.autoencoder.Autoencoder`, if its codes are to be used. None if the model has no such form.
        build_next_frame: From the shape of the T frames that it reads, (T, C, H, W), and the options, a network that
            maps prepared frames (N, T, C, H, W) to the one that follows, (N, C, H, W), for the task next-frame. None if
            the model has no such form.
        classifier: From the options to a learner of scikit-learn that tells classes or labels. With it, or with
            ``regressor``, the model is no network: every network of the domain is compared with it.
        regressor: From the options to a learner that tells numbers.
        own_step: How the network is trained, in place of dl's own training step; None for that.
        start: Loads the weights that a network begins with into it, as the options ask: those that it learnt elsewhere.
            It is not called for a network whose weights a run has.
        needs: Pairs of a name and a value: options of the domain that it needs, where the user leaves them at their
            default: of a data set by name, which is stored as it is, those that are ``auto`` alone.
        defaults: As those of a `DomainSpec`, and in their place; None for the domain's.
        features: From a subset to features of a network that learnt elsewhere, rows (n, F), as for a map; None without.
        member: From the rest of a name, after a colon, to the model of that name: ``--model timm:resnet18``. None if
            the model is one.
    """

    name: str
    domain: str
    description: str
    build: Callable[[InputShape, int, Options], nn.Module] | None = None
    options: tuple[Option, ...] = ()
    recipe: str = ""
    build_causal: Callable[[InputShape, Options], nn.Module] | None = None
    build_steps: Callable[[InputShape, int, Options], nn.Module] | None = None
    build_autoencoder: Callable[[InputShape, Options], nn.Module] | None = None
    build_next_frame: Callable[[InputShape, Options], nn.Module] | None = None
    classifier: Callable[[Options], Learner] | None = None
    regressor: Callable[[Options], Learner] | None = None
    own_step: OwnStep | None = None
    start: Callable[[nn.Module, Options], None] | None = None
    needs: tuple[tuple[str, Value], ...] = ()
    defaults: Callable[[FitFacts], Sequence[Default]] | None = None
    member: Callable[[str], ModelSpec] | None = None
    features: Callable[[Subset], Any] | None = None  # Any: an array

    @property
    def is_learner(self) -> bool:
        """Whether it is a learner of scikit-learn, and no network."""
        return self.classifier is not None or self.regressor is not None

    @property
    def has_other_form(self) -> bool:
        """Whether it has a network of another form than one row of logits for each example."""
        return any(getattr(self, field) is not None for form, field in FORMS.items() if form)

    @property
    def network(self) -> Callable[[InputShape, int, Options], nn.Module]:
        """The function that builds the network.

        Raises:
            BadOption: If the model is a learner, or several, or has networks of other forms alone.
        """
        if self.build is None and self.has_other_form:
            raise BadOption(f"the model {self.name!r} has no network that answers each example; name another")
        if self.member is not None:
            raise BadOption(
                f"the model {self.name!r} is a family of networks; name one after a colon, as {self.name}:NAME"
            )
        if self.build is None:
            raise BadOption(f"the model {self.name!r} is a learner of scikit-learn, and no network; name one that is")
        return self.build


@dataclass(frozen=True)
class TaskSpec:
    """A row of the task table.

    Args:
        name: For ``--task NAME``.
        description: One line.
        load: Imports the row's code and returns it.
        target_as: How the target of a table is read, one of `READ_AS`. With ``classes`` the split is stratified.
        from_inputs: Whether the target is read from the inputs: each token from those before it, or the
            inputs themselves.
        form: The form of network that it needs, one of `FORMS`; empty for one row of logits an example.
        by_query: Whether rows are ranked within their groups, the queries: targets are relevance and query.
    """

    name: str
    description: str
    load: Callable[[], TaskKind]
    target_as: str = "numbers"
    from_inputs: bool = False
    form: str = ""
    by_query: bool = False


@dataclass(frozen=True)
class RegularizerSpec:
    """A regularizer.

    Several are applied by place, in the order of `PLACES`, within a place by rank, then by name. Their order on the
    command line has no effect.

    Args:
        name: For ``--reg NAME=VALUE``.
        place: The place where it acts, one of `PLACES`.
        description: One line.
        build: From the options and the task to its functions. It must not change evaluation.
        options: ``name=value`` sets the first one.
        only_for: The domain whose inputs it supports; empty for all.
        tasks: The tasks that it supports; empty for all.
        rank: Its order within its place, ascending. Below 50 for changes of single examples; above 50 for changes that
            need the others of the batch.
        remedy: The value that the report suggests against overfitting; empty for no suggestion.
        offered: Its order among the suggested remedies, ascending.
        needs: Pairs of a name and a value: options of the domain that it needs, where the user leaves them at ``auto``.
        linear: Whether it may stand beside a linear path, which is solved on the training set as it is and knows
            nothing of it; beside one that may not the path is off.
        settle: From its options and the training examples, before the split, to the values of its own options that
            depend on the data, each with its reason; None if none does. Others than ``auto`` are the user's.
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
    needs: tuple[tuple[str, Value], ...] = ()
    linear: bool = True
    settle: Callable[[Options, Examples], Sequence[Default]] | None = None

    def typed(self, options: Options) -> str:
        """Format the regularizer for ``--reg``: its first option, and others that are not at their default."""
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
    """A logger of the metrics of each epoch during a fit.

    Args:
        name: For ``--logger NAME``.
        description: One line.
        build: From the run folder and the options to a logger of Lightning; like the logger, it is called in a thread
            of its own. A logger that is one of `dl.training.trackers.LogsRows` gets the rows that wait at once.
        options: ``name=value`` sets the first one.
        conclude: From the logger and the report of the fit, which it logs: the verdict, the scores with their
            intervals, the page. Called before ``finalize``, if the fit has a report.
    """

    name: str
    description: str
    build: Callable[[Path, Options], Logger]
    options: tuple[Option, ...] = ()
    conclude: Callable[[Logger, RunReport], None] | None = None


@dataclass(frozen=True)
class RecipeSpec:
    """A named recipe: options known to work, as TOML text that a user may copy and edit."""

    name: str
    domain: str
    description: str
    text: str


def recipes_in(folder: Path, domain: str) -> tuple[RecipeSpec, ...]:
    """Return the recipes in a folder: one TOML file each, described by its first comment line."""
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
        description: The finding, in one line.
        load: Imports the check and returns it: a function from `dl_reports.facts.Facts` to a sequence of `Finding`s
            with this code, or to `NotComputable` with the reason.
        page: Returns the page of the code in Markdown, for ``dl explain``.
        plugin: The plugin that registered it; set by the host.
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
        plugin: The plugin that registered it; set by the host.
    """

    name: str
    load: Callable[[], Callable[[Any], Any]]  # Any: core knows neither the facts nor the reports
    plugin: str = ""


@dataclass(frozen=True)
class CommandSpec:
    """A verb of the command line.

    Args:
        name: For ``dl NAME``.
        description: Its help: one line, and a line that begins with ``Example: dl``.
        function: A function for typer, in a module that imports nothing heavy. An int it returns is the exit code.
        values: Returns the words that a parameter may take, by its name, each with a line about it: a shell completes
            them. None completes what dl knows for parameters of that name.
    """

    name: str
    description: str
    function: Callable[..., int | None]
    values: Callable[[str], Iterable[tuple[str, str]]] | None = None
