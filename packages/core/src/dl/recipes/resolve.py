"""Resolve names and ``key=value`` options to one frozen recipe, in four steps: start, pick, sort, check.

What is said later wins: schema defaults, then the recipe, then what the user typed. Nothing is imported from torch, and
nothing is read from disk but a recipe file. Where no recipe is asked for, the result is open: `dl.recipes.settle` puts
the domain's defaults for the data in place of what was not typed, once the data is read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dl.data.paths import looks_like_file, path_hint, whole_path
from dl.errors import BadOption, UnknownName, nearest, unknown
from dl.options import Option, Value, check, check_named, short_value
from dl.plugins.model_file import FileName, short_model
from dl.plugins.registry import Plugins, network_builder
from dl.recipes.protocol import protocol_of
from dl.recipes.recipe import (
    AUTO,
    FOUND,
    OF_LEARNERS,
    SPLIT_OPTIONS,
    TRAIN_OPTIONS,
    PartialRecipe,
    Recipe,
    parse_recipe,
    read_recipe,
)
from dl.recipes.recognize import is_data, recognize_domain
from dl.recipes.threshold import parse_threshold
from dl.specs import IN_MEMORY, NEXT_TOKEN, PLACES, DatasetSpec, DomainSpec, ModelSpec, RegularizerSpec, TaskSpec
from dl.tables.options import is_table, refuse_options
from dl.terminal import safe_text
from dl.words import many

STDIN = "-"
OFF = "off"  # in place of a value: leaves out a regularizer that the recipe has
LARGEST_SEED = (1 << 63) - 1

Typed = dict[str, dict[str, object]]  # the options that the user typed, by the group that has them


@dataclass(frozen=True)
class FitSpecs:
    """What the names of a fit stand for.

    Args:
        domain: The kind of input.
        model: The network.
        dataset: The named data set; None for the user's own.
        path: Of the user's own data; None for a named data set.
        task: What is predicted; None where the target decides.
    """

    domain: DomainSpec
    model: ModelSpec
    dataset: DatasetSpec | None
    path: Path | None
    task: TaskSpec | None

    @property
    def groups(self) -> dict[str, tuple[Option, ...]]:
        """The options that can be chosen, by the group of the recipe that holds them."""
        return {
            "model": self.model.options,
            "train": OF_LEARNERS if self.model.is_learner else train_options(self.domain, self.model),
            "split": SPLIT_OPTIONS,
            "options": self.domain.options + (self.dataset.options if self.dataset else ()),
        }


def train_options(*homes: DomainSpec | ModelSpec) -> tuple[Option, ...]:
    """Return the options of training, without those whose name a domain or a model has taken for its own."""
    taken = {option.name for home in homes for option in home.options}
    return tuple(option for option in TRAIN_OPTIONS if option.name not in taken)


def resolve(
    plugins: Plugins,
    domain: str = "",
    data: str = "",
    *,
    recipe: str = "",
    model: str = "",
    task: str = "",
    seed: int | None = None,
    options: Mapping[str, object] | None = None,
    reg: Mapping[str, object] | None = None,
) -> Recipe:
    """Resolve every choice of a fit.

    Args:
        plugins: What is registered.
        domain: Name of the domain; may come from the recipe. In place of it, the data alone may be named: its domain is
            then recognized.
        data: Name of a data set, or a path; may come from the recipe.
        recipe: Name of a registered recipe, or the path of a recipe file; empty takes
            the model's own, the data set's, or the domain's default.
        model: Name of a model; empty takes the recipe's.
        task: Row of the task table; empty takes the recipe's, or decides from the target.
        seed: None takes the recipe's, or 0.
        options: ``key=value`` choices about the model, training, the split and reading.
        reg: Regularizers beside the recipe's: a value, which is its first option's, or options; ``off`` for none.

    Raises:
        UnknownName: For a name that nobody registered.
        BadOption: For an option that does not exist or a value that does not fit.
    """
    domain, data = _name_domain(plugins, domain, data, recipe, options or {})
    asked = PartialRecipe(domain, data, task, seed, model, regularizers=reg or {})
    start = start_recipe(plugins, asked, recipe)
    specs = pick_specs(plugins, start)
    if specs.model.is_learner:
        start = for_learner(specs, start, {**(options or {}), **{f"--reg {name}": name for name in reg or {}}})
    find = _to_find(specs, options or {})
    typed = sort_typed(specs, start, {name: value for name, value in (options or {}).items() if name not in find})
    return replace(check_recipe(plugins, specs, start, typed), find=find)


def _name_domain(
    plugins: Plugins, domain: str, data: str, recipe: str, options: Mapping[str, object]
) -> tuple[str, str]:
    """Return the domain and the data, where the user may have named the data alone; a recipe file has a domain.

    Raises:
        UnknownName: If one word alone is neither.
    """
    if not domain or data:
        return domain, data
    if not is_data(domain, plugins):
        if domain not in plugins.domains and not _is_file(recipe):
            raise _unknown_alone(domain, plugins)
        return domain, data
    return "" if _is_file(recipe) else recognize_domain(domain, plugins, options), domain


def _unknown_alone(word: str, plugins: Plugins) -> UnknownName:
    if looks_like_path(word) or looks_like_file(word):
        return _no_such_path(word)
    names = [*plugins.domains, *(name for _, name in plugins.datasets)]
    return unknown("domain or data set", word, names, "dl ls datasets")


def _no_such_path(data: str) -> UnknownName:
    hint = path_hint(_path(data))
    return UnknownName(f"no file or folder {safe_text(data)!r}{hint}  data sets by name: dl ls datasets")


def _to_find(specs: FitSpecs, options: Mapping[str, object]) -> frozenset[str]:
    """Return the options that are to be found by short fits; of a learner, which has none of them, nothing."""
    return frozenset() if specs.model.is_learner else frozenset(name for name in FOUND if options.get(name) == AUTO)


def start_recipe(plugins: Plugins, asked: PartialRecipe, recipe: str) -> PartialRecipe:
    """Find the recipe to start from - a file, a named one, or the usual one - and put what was asked for in its place.

    Args:
        plugins: What is registered.
        asked: What the user asked for by name.
        recipe: Name or path of a recipe; empty takes the usual one.

    Raises:
        UnknownName: If a name is missing or nobody registered it.
        BadRecipe: If a recipe file cannot be read.
    """
    of_file, is_open = _is_file(recipe), False
    found = read_recipe(Path(recipe)) if of_file else PartialRecipe()
    domain = plugins.domain(asked.domain or found.domain or _missing("domain", plugins.domains))
    task = asked.task or found.task or _task_of_path(domain, asked.data or found.data)
    if not of_file:
        usual, follows_data = _usual_recipe(plugins, domain, asked.data, asked.model, task)
        named, is_open = plugins.recipe(domain.name, recipe or usual), follows_data and not recipe
        found = parse_recipe(named.text, named.name)
    data = asked.data or found.data or _missing("data set", [name for _, name in plugins.datasets])
    model = asked.model or found.model or _missing("model", [name for _, name in plugins.models])
    retargeted = bool(asked.task) and is_table(_path(data))  # a table's target is then read as the task needs it
    installed = {name: one for name, one in found.regularizers.items() if not is_open or name in plugins.regularizers}
    return replace(
        found,
        domain=domain.name,
        data=data,
        model=model,
        task=task or found.task,
        seed=asked.seed if asked.seed is not None else found.seed,
        model_options=found.model_options if model == found.model else {},
        regularizers={**installed, **asked.regularizers},
        data_options={k: v for k, v in found.data_options.items() if not (retargeted and k == "target_as")},
        is_open=is_open,
        stated=frozenset(f"reg.{name}" for name in asked.regularizers) if is_open else frozenset(),
    )


def for_learner(specs: FitSpecs, start: PartialRecipe, typed: Iterable[str]) -> PartialRecipe:
    """Leave out of a recipe what only the training of a network knows.

    Raises:
        BadOption: If the user typed some of it.
    """
    model = specs.model
    of_networks = {one.name for one in train_options(specs.domain)} - {one.name for one in OF_LEARNERS}
    for name in typed:
        if name in of_networks or name.startswith("--reg "):
            own = ", ".join(option.name for option in model.options) or "none"
            what = f"{name}: the model {model.name!r} is a learner of scikit-learn, which is not trained in epochs"
            raise BadOption(f"{what}; leave it out  its options: {own}")
    kept = {name: value for name, value in start.train.items() if name not in of_networks}
    return replace(start, train=kept, regularizers={})


def pick_specs(plugins: Plugins, start: PartialRecipe) -> FitSpecs:
    """Look up what the names of a recipe stand for.

    Raises:
        UnknownName: For a name that nobody registered, or data that is nowhere.
        BadOption: For a task that the model has no network for.
    """
    domain = plugins.domain(start.domain)
    if start.model == IN_MEMORY and (domain.name, IN_MEMORY) not in plugins.models:
        raise UnknownName("the network of this recipe was given in memory; give it again: dl.fit(..., model=build)")
    model = plugins.model(start.domain, start.model)
    task = plugins.task(start.task) if start.task else None
    if task and (task.form or not model.is_learner):
        network_builder(plugins, model, task)
    dataset = pick_dataset(plugins, domain.name, start.data)
    return FitSpecs(domain, model, dataset, None if dataset else _path(start.data), task)


def sort_typed(specs: FitSpecs, start: PartialRecipe, options: Mapping[str, object]) -> Typed:
    """Give each typed option to the group that has it, and read the target of a table as the task needs it.

    Raises:
        BadOption: If no group has an option, two have it, or it does not go with the data or the task.
    """
    typed = _by_group(options, specs.groups, specs.model)
    reading = typed["options"]
    if specs.task and specs.task.from_inputs and (target := {**start.data_options, **reading}.get("target")):
        raise BadOption(
            f"target={short_value(target)}: --task {specs.task.name} has no target but the inputs themselves; "
            "leave it out"
        )
    if specs.dataset:
        own = {option.name for option in specs.dataset.options}
        foreign = {name: value for name, value in reading.items() if name not in own}
        what = specs.dataset.description if specs.dataset.name == IN_MEMORY else "a named data set"
        refuse_options(foreign, specs.dataset.name, what)
        if specs.dataset.name == IN_MEMORY and specs.task and specs.task.from_inputs:
            reading.setdefault("target_as", specs.task.target_as)
    elif specs.path and is_table(specs.path) and specs.task and _reads_target_anew(specs, start):
        reading.setdefault("target_as", specs.task.target_as)
    return typed


def _reads_target_anew(specs: FitSpecs, start: PartialRecipe) -> bool:
    """Return whether the domain reads tables, and no recipe has said yet how their target is read."""
    reads_tables = any(option.name == "target_as" for option in specs.domain.options)
    return reads_tables and "target_as" not in start.data_options


def check_recipe(plugins: Plugins, specs: FitSpecs, start: PartialRecipe, typed: Typed) -> Recipe:
    """Check every value against its schema, and fill in the defaults.

    Raises:
        BadOption: For a value that does not fit.
    """
    seed, groups = start.seed or 0, specs.groups
    needs = _needs(specs)
    if not 0 <= seed <= LARGEST_SEED:
        raise BadOption(f"seed={short_value(seed)}: expected a whole number from 0 to {LARGEST_SEED}")
    split = check(groups["split"], {**start.split, **typed["split"]}, "split")
    if "protocol" in typed["split"] and "val" not in typed["split"] and protocol_of(split)[0].folds > 1:
        split |= {"val": AUTO}  # how much a recipe holds out once does not matter where folds are typed
    if split["val"] == 0:
        raise BadOption(
            "val=0: without validation examples nothing tells whether a network overfits; say how many, a share below "
            f"1 as val=0.2, or val={AUTO} for the data set's own share"
        )
    check_protocol(split)
    train = check(groups["train"], {**start.train, **typed["train"]}, "training")
    parse_threshold(str(train["threshold"]))
    return Recipe(
        domain=specs.domain.name,
        data=str(whole_path(specs.path)) if specs.path else start.data,  # runs again from anywhere
        model=specs.model.name,
        task=start.task,
        seed=seed,
        model_options=check(
            groups["model"], {**start.model_options, **typed["model"]}, f"model {short_model(specs.model.name)}"
        ),
        regularizers=_regularizers(plugins, specs.domain.name, start.regularizers),
        train=train,
        split=split,
        data_options=check(
            groups["options"], {**needs, **start.data_options, **typed["options"]}, f"{specs.domain.name} data"
        ),
        is_open=start.is_open,
        stated=start.stated | _stated(typed) if start.is_open else frozenset(),
        from_run=start.from_run,
        from_hash=start.from_hash,
    )


def _needs(specs: FitSpecs) -> dict[str, Value]:
    """Return the options of reading that the model needs of the user's own files; a named data set is as it is."""
    if specs.dataset is not None:
        return {}
    known = {option.name for option in specs.domain.options}
    return {name: value for name, value in specs.model.needs if name in known}


def check_protocol(split: Mapping[str, Value]) -> None:
    """Refuse a protocol that is none, and options of the split that do not go with it.

    Raises:
        BadOption: Naming the option.
    """
    protocol, fold = protocol_of(split)
    if fold > protocol.fits or (fold and protocol.fits == 1):
        raise BadOption(f"fold={fold}: protocol={protocol} makes {many(protocol.fits, 'fit')}")
    if protocol.folds > 1 and split["val"] != AUTO:
        raise BadOption(f"val={split['val']}: of {protocol} each fold holds out its share; leave val= out")


def _stated(typed: Typed) -> frozenset[str]:
    """Return the dotted names of typed options, as `Recipe.stated` has them."""
    fields = {"model": "model_options", "options": "data_options"}
    return frozenset(f"{fields.get(group, group)}.{name}" for group, options in typed.items() for name in options)


def named_options(plugins: Plugins, loggers: Mapping[str, object]) -> dict[str, dict[str, Value]]:
    """Check the options of each logger; loggers change nothing about a fit, so no recipe holds them."""
    return {name: check_named(plugins.logger(name).options, given, f"logger {name}") for name, given in loggers.items()}


def pick_dataset(plugins: Plugins, domain: str, data: str) -> DatasetSpec | None:
    """Look up a named data set; None for a path that exists.

    Raises:
        UnknownName: If it is neither.
    """
    if (domain, data) in plugins.datasets:
        return plugins.datasets[domain, data]
    if data == IN_MEMORY:
        raise UnknownName(
            "the data of this recipe was given in memory; give it again: dl.fit(domain, data, recipe=...)"
        )
    if data == STDIN:
        raise UnknownName("stdin is read by dl predict alone; to learn from it, save it to a file first")
    path = _path(data)
    exists = os.path.exists(path)  # noqa: PTH110 - a name that can be no path is no path, and no error
    if exists:
        return None
    if os.path.islink(path) and not looks_like_path(data):  # noqa: PTH114 - as above
        raise UnknownName(f"{data!r} is a link that leads nowhere")
    if looks_like_path(data) or looks_like_file(data):
        raise _no_such_path(data)
    elsewhere = [other for other, name in plugins.datasets if name == data]
    if elsewhere:
        raise UnknownName(
            f"{data!r} is a data set of {elsewhere[0]!r}, not of {domain!r}  try: dl fit {elsewhere[0]} {data}"
        )
    raise unknown(
        f"{domain} data set", data, [name for other, name in plugins.datasets if other == domain], "dl ls datasets"
    )


def looks_like_path(data: str) -> bool:
    """Return whether a word can only be meant as a path."""
    return "/" in data or "\\" in data or data.startswith((".", "~")) or data == STDIN


def _regularizers(plugins: Plugins, domain: str, wanted: Mapping[str, object]) -> dict[str, dict[str, Value]]:
    """Check the options of each regularizer, and bring them into the order in which they are applied."""
    specs = [plugins.regularizer(domain, name) for name in wanted]
    return {
        spec.name: check_named(spec.options, wanted[spec.name], f"regularizer {spec.name}")
        for spec in in_order_of_application(specs)
        if wanted[spec.name] not in (OFF, {"": OFF})
    }


def in_order_of_application(specs: Iterable[RegularizerSpec]) -> list[RegularizerSpec]:
    """Sort regularizers by place, then by rank, then by name."""
    return sorted(specs, key=lambda spec: (PLACES.index(spec.place), spec.rank, spec.name))


def _task_of_path(domain: DomainSpec, data: str) -> str:
    """Return next-token for a file whose name says that it holds no target, else nothing."""
    return NEXT_TOKEN if data.lower().endswith(tuple(domain.unlabelled)) and os.path.isfile(_path(data)) else ""  # noqa: PTH113 - a name that can be no path is none


def _usual_recipe(plugins: Plugins, domain: DomainSpec, data: str, model: str, task: str) -> tuple[str, bool]:
    """Return the recipe that is for the task, else the one that the model is at home in, the data set, the domain.

    Beside it whether it is a general one, whose values the data may change: that of a task, a model or of the domain.
    """
    if task and (own := _recipe_of_task(plugins, domain.name, model, task)):
        return own, True
    if model:
        return plugins.model(domain.name, model).recipe or domain.default_recipe, True
    known = plugins.datasets.get((domain.name, data))
    own = known.recipe if known else ""
    return own or domain.default_recipe, not own


def _recipe_of_task(plugins: Plugins, domain: str, model: str, task: str) -> str:
    """Return the first recipe that is for this task, and for this model where one is asked for; empty for none."""
    for (home, name), spec in plugins.recipes.items():
        if home == domain and f'task = "{task}"' in spec.text:
            own = parse_recipe(spec.text, name)
            if own.task == task and model in ("", own.model):
                return name
    return ""


def _path(data: str) -> Path:
    """Expand ``~``; leave ``~unknown-user`` as it is."""
    return Path(os.path.expanduser(data))  # noqa: PTH111 - Path.expanduser raises RuntimeError there


def _is_file(recipe: str) -> bool:
    return recipe.endswith(".toml") or looks_like_path(recipe)


def _missing(kind: str, choices: Iterable[str]) -> str:
    raise UnknownName(f"no {kind} given; one of: {', '.join(sorted(choices))}  example: dl fit vision mnist")


def _by_group(typed: Mapping[str, object], groups: Mapping[str, tuple[Option, ...]], model: ModelSpec) -> Typed:
    """Give each typed option to the group that has it.

    Raises:
        BadOption: If no group has it, or two do.
    """
    names = {group: {option.name for option in options} for group, options in groups.items()}
    every = [name for known in names.values() for name in known]
    by_group: Typed = {group: {} for group in groups}
    for name, value in typed.items():
        homes = [group for group, known in names.items() if name in known]
        if not homes:
            see = f"see: dl show {model.name}"
            if FileName.of(model.name):
                own = ", ".join(option.name for option in model.options) or "none"
                see = f"options of {short_model(model.name)}: {own}"
            raise BadOption(f"no option named {name!r} for this fit{nearest(name, every)}  {see}")
        if len(homes) > 1:
            raise BadOption(f"{name!r} is an option of both {homes[0]} and {homes[1]}; set it in a recipe file")
        by_group[homes[0]][name] = value
    return by_group
