"""What may follow the words typed so far: verbs, flags, names, runs and the options of a fit.

The verbs and flags are read from the command line itself, so they are never out of date. Values follow from the name of
a parameter, by the table `VALUES`. Nothing imports torch, and no file of data is opened.
Letters: in ``candidates`` the last word is the one that is being typed, perhaps empty.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from typer.main import get_command

from dl.cli.flags import usual_runs
from dl.cli.main import MODULES, command_line
from dl.options import Option
from dl.plugins.registered import registered

if TYPE_CHECKING:
    from dl.plugins.registry import Plugins

MOST_RUNS = 200  # the newest
Parameter = Any  # of typer's vendored click, which has no public type


class Candidate(NamedTuple):
    """A word that fits, and one line about it."""

    word: str
    help: str = ""


FILES = Candidate("", "files")  # whatever the shell itself completes: files and folders


@dataclass
class Line:
    """The words before the one that is being typed, sorted.

    Args:
        verb: Of the command.
        positional: Its arguments so far, without options of the form ``key=value``.
        typed: The flags so far with their values.
    """

    verb: str
    positional: list[str] = field(default_factory=list)
    typed: dict[str, str] = field(default_factory=dict)

    @property
    def runs(self) -> Path:
        """The folder with the runs."""
        typed = self.typed.get("--runs")
        return Path(typed) if typed else usual_runs()

    def domain(self, plugins: Plugins) -> str:
        """The domain that is named, or that of the data set; empty where neither is."""
        for word in self.positional[:2]:
            if word in plugins.domains:
                return word
        return next((domain for domain, name in plugins.datasets if name in self.positional[:2]), "")


def candidates(words: Sequence[str]) -> list[Candidate]:
    """Return the words that may stand in place of the last one, in order; `FILES` among them for paths.

    Args:
        words: After ``dl``, the last one unfinished.
    """
    *before, current = words or [""]
    found = list(_all(before, current))
    kept = {one.word: one for one in found if one is FILES or (one.word.startswith(current) and _is_plain(one.word))}
    return list(kept.values())


def _is_plain(word: str) -> bool:
    """Return whether a word can be typed as it is, in any shell."""
    return word.isprintable() and not any(c.isspace() or c in "'\"`$\\;&|<>(){}[]*?!#~" for c in word)


def _all(before: list[str], current: str) -> Iterator[Candidate]:
    if not before:
        group = get_command(command_line())
        yield from _commands(group) if not current.startswith("-") else _flags(group)
        return
    group = get_command(command_line(before[0]))
    command, names = group, list(before)
    while names and hasattr(command, "commands"):
        if (named := command.commands.get(names[0])) is None:
            return
        command, names = named, names[1:]
    line = Line(before[0])
    waiting = _sort(line, command, names)
    if waiting is None and hasattr(command, "commands") and not current.startswith("-"):
        yield from _commands(command)
    elif waiting is not None:
        yield from _values(line, waiting)
    elif current.startswith("--") and "=" in current:
        flag = current.partition("=")[0]
        for one in _values(line, _flag_named(command, flag)):
            yield one if one is FILES else Candidate(f"{flag}={one.word}", one.help)
    elif current.startswith("-"):
        yield from _flags(command)
    else:
        yield from _positional(line, command, current)


def _commands(group: Parameter) -> Iterator[Candidate]:
    for name, command in group.commands.items():
        if not command.hidden:
            yield Candidate(name, command.get_short_help_str(62))


def _flags(command: Parameter) -> Iterator[Candidate]:
    for one in command.params:
        if one.param_type_name == "option" and not getattr(one, "hidden", False):
            for name in [*one.opts, *one.secondary_opts]:
                yield Candidate(name, one.help or "")
    yield Candidate("--help", "Show this message and exit.")


def _flag_named(command: Parameter, name: str) -> Parameter | None:
    options = (one for one in command.params if one.param_type_name == "option")
    return next((one for one in options if name in (*one.opts, *one.secondary_opts)), None)


def _sort(line: Line, command: Parameter, words: Sequence[str]) -> Parameter | None:
    """Sort words into flags and arguments; return the flag whose value is being typed, if it is one's."""
    waiting: Parameter | None = None
    for word in words:
        if waiting is not None:
            line.typed[waiting.opts[0]] = word
            waiting = None
        elif word.startswith("--"):
            name, has_value, value = word.partition("=")
            flag = _flag_named(command, name)
            line.typed[name] = value
            waiting = None if has_value or flag is None or flag.is_flag else flag
        elif "=" not in word:
            line.positional.append(word)
    return waiting


def _positional(line: Line, command: Parameter, current: str) -> Iterator[Candidate]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    at = len(line.positional)
    if at < len(arguments):
        yield from _values(line, arguments[at])
    elif arguments and arguments[-1].nargs == -1:
        yield from _values(line, arguments[-1])
    if any(one.name == "options" for one in arguments) and (at or "=" in current):
        yield from _keys(line, current)


def _values(line: Line, parameter: Parameter | None) -> Iterable[Candidate]:
    """Return the values of a parameter."""
    if parameter is None:
        return ()
    if of_name := VALUES.get((line.verb, parameter.name)) or VALUES.get(("", parameter.name)):
        return of_name(line)
    if found := _of_plugin(line, parameter.name):
        return found
    if choices := getattr(parameter.type, "choices", None):
        return [Candidate(str(choice)) for choice in choices]
    if parameter.type.name in ("path", "file", "directory", "filename"):
        return (FILES,)
    return ()


def _of_plugin(line: Line, name: str) -> list[Candidate]:
    """Return the values that the command of a plugin names for a parameter."""
    spec = None if line.verb in MODULES else registered().commands.get(line.verb)
    return [Candidate(word, about) for word, about in spec.values(name)] if spec and spec.values else []


def _keys(line: Line, current: str) -> Iterator[Candidate]:
    """Yield the options of a fit as ``key=``; after the ``=`` the words that it takes."""
    key, has_value, _ = current.partition("=")
    for option in _options(line):
        if not has_value:
            yield Candidate(f"{option.name}=", option.help)
        elif option.name == key:
            words = option.choices or (("true", "false") if isinstance(option.default, bool) else ())
            yield from (Candidate(f"{key}={word}") for word in words)


def _options(line: Line) -> list[Option]:
    """Return the options of training, the split, the domain, the data set and the model that are named."""
    from dl.recipes.recipe import SPLIT_OPTIONS, TRAIN_OPTIONS

    plugins = registered()
    domain = line.domain(plugins)
    found = [*TRAIN_OPTIONS, *SPLIT_OPTIONS]
    if domain:
        found += plugins.domains[domain].options
        found += [
            one for (_, name), data in plugins.datasets.items() if name in line.positional for one in data.options
        ]
    model = line.typed.get("--model", "")
    chosen = [spec for (of, name), spec in plugins.models.items() if of == domain and (not model or name == model)]
    return [*{one.name: one for one in [*found, *(option for spec in chosen for option in spec.options)]}.values()]


def _runs(line: Line) -> list[Candidate]:
    """Return the names of the folders of runs, the newest first, without reading one."""
    try:
        with os.scandir(line.runs) as entries:
            names = sorted((one.name for one in entries if one.name[:1].isdecimal() and one.is_dir()), reverse=True)
    except OSError:
        return []
    return [Candidate("last", "the newest run"), *map(Candidate, names[:MOST_RUNS])] if names else []


def _domains(line: Line) -> list[Candidate]:
    return [Candidate(one.name, one.description) for one in registered().domains.values()] + _datasets(line)


def _datasets(line: Line) -> list[Candidate]:
    plugins = registered()
    domain = line.domain(plugins)
    every = plugins.datasets.values()
    return [FILES, *(Candidate(one.name, one.description) for one in every if domain in ("", one.domain))]


def _of_domain(field_: str) -> Callable[[Line], list[Candidate]]:
    def values(line: Line) -> list[Candidate]:
        plugins = registered()
        domain = line.domain(plugins)
        every = getattr(plugins, field_).values()
        return [Candidate(one.name, one.description) for one in every if domain in ("", one.domain)]

    return values


def _registered(field_: str, end: str = "") -> Callable[[Line], list[Candidate]]:
    return lambda _line: [Candidate(one.name + end, one.description) for one in getattr(registered(), field_).values()]


def _words(*words: str) -> Callable[[Line], list[Candidate]]:
    return lambda _line: [Candidate(word) for word in words]


def _anything(line: Line) -> list[Candidate]:
    """Return all that has a card: data sets, models, tasks, regularizers, recipes and runs."""
    plugins = registered()
    fields = ("datasets", "models", "tasks", "regularizers", "recipes")
    named = [Candidate(one.name, one.description) for name in fields for one in getattr(plugins, name).values()]
    return [*named, *_runs(line), FILES]


def _installed(_line: Line) -> list[Candidate]:
    from dl.plugins.discovery import installed

    return [Candidate(one.name) for one in installed()]


def _run_or_files(line: Line) -> list[Candidate]:
    return [*_runs(line), FILES]


# Values by verb and parameter; an empty verb stands for all.
VALUES: dict[tuple[str, str], Callable[[Line], list[Candidate]]] = {
    ("", "domain"): _domains,
    ("", "data"): _datasets,
    ("", "model"): _of_domain("models"),
    ("", "recipe"): lambda line: [*_of_domain("recipes")(line), FILES],
    ("", "task"): _registered("tasks"),
    ("", "reg"): _registered("regularizers", "="),
    ("", "logger"): _registered("loggers"),
    **{("", name): _runs for name in ("run", "which", "first", "second", "from_run", "resume", "run_name")},
    ("predict", "paths"): lambda _line: [FILES],
    ("show", "words"): _anything,
    ("ls", "kind"): _words("domains", "datasets", "models", "tasks", "regularizers", "loggers", "recipes", "runs"),
    ("report", "ignore"): _registered("checks"),
    ("report", "fail_on"): _words("issue", "tip"),
    ("uninstall", "name"): _installed,
    ("plugins", "name"): _installed,
    ("", "accelerator"): _words("auto", "cpu", "gpu"),
    ("", "strategy"): _words("auto", "ddp", "fsdp"),
    ("", "on_leak"): _words("stop", "warn", "fix"),
    ("new", "kind"): _words("dataset", "model", "task", "regularizer", "check", "domain"),
    ("install", "what"): lambda _line: [FILES],
    ("completion", "shell"): _words("bash", "zsh", "fish"),
}
