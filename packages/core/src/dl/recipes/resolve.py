"""Choosing: names and ``key=value`` options become one frozen, fully resolved `Recipe`.

What is said later wins: schema defaults, then the recipe, then what the user typed. Nothing is imported from torch and
nothing is read from disk here but a recipe file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from dl.data.paths import looks_like_file, path_hint
from dl.errors import BadOption, UnknownName, nearest, unknown
from dl.options import Option, Value, check, check_named, short_value
from dl.plugins.registry import Plugins, causal_builder
from dl.recipes.recipe import AUTO, SPLIT_OPTIONS, TRAIN_OPTIONS, PartialRecipe, Recipe, parse_recipe, read_recipe
from dl.specs import NEXT_TOKEN, PLACES, DomainSpec, RegularizerSpec
from dl.tables.options import TARGET_AS_OF_TASK, is_table, refuse_options
from dl.terminal import safe_text

STDIN = "-"
OFF = "off"  # in place of a value: leaves out a regularizer that the recipe has

_Groups = dict[str, tuple[Option, ...]]


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
        domain: Name of the domain; may come from the recipe.
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
    start, said = _file_or_empty(recipe), task
    domain_spec = plugins.domain(domain or start.domain or _missing("domain", plugins.domains))
    task = task or start.task or _task_of_path(domain_spec, data or start.data)
    if not _is_file(recipe):
        named = plugins.recipe(domain_spec.name, recipe or _usual_recipe(plugins, domain_spec, data, model, task))
        start = parse_recipe(named.text, named.name)
    data = data or start.data or _missing("data set", [name for _, name in plugins.datasets])
    model_spec = plugins.model(
        domain_spec.name, model or start.model or _missing("model", [name for _, name in plugins.models])
    )
    task = task or start.task
    if task and task not in TARGET_AS_OF_TASK:
        raise BadOption(
            f"no task named {task!r}{nearest(task, TARGET_AS_OF_TASK)}  tasks: {', '.join(TARGET_AS_OF_TASK)}"
        )
    if task == NEXT_TOKEN:
        causal_builder(plugins, model_spec)
    groups: _Groups = {
        "model": model_spec.options,
        "train": TRAIN_OPTIONS,
        "split": SPLIT_OPTIONS,
        "options": domain_spec.options + dataset_options(plugins, domain_spec.name, data),
    }
    typed = _sort_options(options or {}, groups, model_spec.name)
    if task == NEXT_TOKEN and (told := {**start.data_options, **typed["options"]}.get("target")):
        raise BadOption(
            f"target={short_value(told)}: --task {NEXT_TOKEN} has no target but the text itself; leave it out"
        )
    own_options = start.model_options if model_spec.name == start.model else {}
    named_data = (domain_spec.name, data) in plugins.datasets
    if named_data:
        _refuse_reading(plugins, domain_spec.name, data, typed["options"])
    elif is_table(_path(data)) and any(option.name == "target_as" for option in domain_spec.options):
        asked = said or ("" if "target_as" in start.data_options else task)
        if asked in TARGET_AS_OF_TASK:  # a table reads its target as the task needs it
            typed["options"].setdefault("target_as", TARGET_AS_OF_TASK[asked])
    seed = seed if seed is not None else (start.seed or 0)
    if not 0 <= seed < 1 << 63:
        raise BadOption(f"seed={short_value(seed)}: expected a whole number from 0 to {(1 << 63) - 1}")
    split = check(groups["split"], {**start.split, **typed["split"]}, "split")
    if split["val"] == 0:
        raise BadOption(
            "val=0: without validation examples nothing tells whether a network overfits; say how many, a share below "
            f"1 as val=0.2, or val={AUTO} for the data set's own share"
        )
    return Recipe(
        domain=domain_spec.name,
        data=data if named_data else str(_path(data).absolute()),  # runs again from anywhere
        model=model_spec.name,
        task=task,
        seed=seed,
        model_options=check(groups["model"], {**own_options, **typed["model"]}, f"model {model_spec.name}"),
        regularizers=_regularizers(plugins, domain_spec.name, start.regularizers, reg or {}),
        train=check(groups["train"], {**start.train, **typed["train"]}, "training"),
        split=split,
        data_options=check(groups["options"], {**start.data_options, **typed["options"]}, f"{domain_spec.name} data"),
    )


def _refuse_reading(plugins: Plugins, domain: str, data: str, typed: Mapping[str, object]) -> None:
    """Refuse what says how a table is read, where the data has a name and no such option of its own."""
    own = {option.name for option in plugins.datasets[domain, data].options}
    refuse_options({name: value for name, value in typed.items() if name not in own}, data, "a named data set")


def _regularizers(
    plugins: Plugins, domain: str, of_recipe: Mapping[str, object], asked: Mapping[str, object]
) -> dict[str, dict[str, Value]]:
    """Check the options of each regularizer, and bring them into the order in which they are applied."""
    wanted = {**of_recipe, **asked}
    specs = [plugins.regularizer(domain, name) for name in wanted]
    return {
        spec.name: check_named(spec.options, wanted[spec.name], f"regularizer {spec.name}")
        for spec in sorted(specs, key=_applied)
        if wanted[spec.name] not in (OFF, {"": OFF})
    }


def named_options(plugins: Plugins, loggers: Mapping[str, object]) -> dict[str, dict[str, Value]]:
    """Check the options of each logger; loggers change nothing about a fit, so no recipe holds them."""
    return {name: check_named(plugins.logger(name).options, given, f"logger {name}") for name, given in loggers.items()}


def _applied(spec: RegularizerSpec) -> tuple[int, int, str]:
    return (PLACES.index(spec.place), spec.rank, spec.name)


def _task_of_path(domain: DomainSpec, data: str) -> str:
    """Return next-token for a file whose name says that it holds no target, else nothing."""
    return NEXT_TOKEN if data.lower().endswith(tuple(domain.unlabelled)) and os.path.isfile(_path(data)) else ""  # noqa: PTH113 - a name that can be no path is none


def _recipe_of_task(plugins: Plugins, domain: str, model: str, task: str) -> str:
    """Return the first recipe that is for this task, and for this model where one is asked for; empty for none."""
    for (home, name), spec in plugins.recipes.items():
        if home == domain and f'task = "{task}"' in spec.text:
            own = parse_recipe(spec.text, name)
            if own.task == task and model in ("", own.model):
                return name
    return ""


def _usual_recipe(plugins: Plugins, domain: DomainSpec, data: str, model: str, task: str) -> str:
    """Return the recipe that is for the task, else the one that the model is at home in, the data set, the domain."""
    if task and (own := _recipe_of_task(plugins, domain.name, model, task)):
        return own
    if model:
        return plugins.model(domain.name, model).recipe or domain.default_recipe
    known = plugins.datasets.get((domain.name, data))
    return (known.recipe if known else "") or domain.default_recipe


def dataset_options(plugins: Plugins, domain: str, data: str) -> tuple[Option, ...]:
    """Return the options of a named data set, or none for a path that exists.

    Raises:
        UnknownName: If it is neither.
    """
    if (domain, data) in plugins.datasets:
        return plugins.datasets[domain, data].options
    if data == STDIN:
        raise UnknownName("stdin is read by dl predict alone; to learn from it, save it to a file first")
    path = _path(data)
    exists = os.path.exists(path)  # noqa: PTH110 - a name that can be no path is no path, and no error
    if exists:
        return ()
    if os.path.islink(path) and not looks_like_path(data):  # noqa: PTH114 - as above
        raise UnknownName(f"{data!r} is a link that leads nowhere")
    if looks_like_path(data) or looks_like_file(data):
        raise UnknownName(f"no file or folder {safe_text(data)!r}{path_hint(path)}  data sets by name: dl ls datasets")
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


def _path(data: str) -> Path:
    """Return the path with the home folder for ``~``; a user that nobody knows has none."""
    return Path(os.path.expanduser(data))  # noqa: PTH111 - Path.expanduser raises RuntimeError there


def _is_file(recipe: str) -> bool:
    return recipe.endswith(".toml") or looks_like_path(recipe)


def _file_or_empty(recipe: str) -> PartialRecipe:
    return read_recipe(Path(recipe)) if _is_file(recipe) else PartialRecipe()


def _missing(kind: str, choices: Iterable[str]) -> str:
    raise UnknownName(f"no {kind} given; one of: {', '.join(sorted(choices))}  example: dl fit vision mnist")


def _sort_options(typed: Mapping[str, object], groups: _Groups, model: str) -> dict[str, dict[str, object]]:
    """Give each typed option to the group that has it.

    Raises:
        BadOption: If no group has it, or two do.
    """
    names = {group: {option.name for option in options} for group, options in groups.items()}
    every = [name for known in names.values() for name in known]
    by_group: dict[str, dict[str, object]] = {group: {} for group in groups}
    for name, value in typed.items():
        homes = [group for group, known in names.items() if name in known]
        if not homes:
            see = f"dl show {model}"
            raise BadOption(f"no option named {name!r} for this fit{nearest(name, every)}  see: {see}")
        if len(homes) > 1:
            raise BadOption(f"{name!r} is an option of both {homes[0]} and {homes[1]}; set it in a recipe file")
        by_group[homes[0]][name] = value
    return by_group
