"""Model files: a network from a function in a file of Python that the user names.

    --model my_net.py:build    a function from the shape of an input and the number of outputs to an nn.Module

The full name of a model ends with the hash of its file, ``/folder/my_net.py:build#3f2a...``: a recipe names code by its
content, not by its place. Code is run if the user typed its name; by a full name, as in a recipe, only if a file with
this hash was typed on this machine before, or stands in a trusted folder.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from dl import files, regular, sealed
from dl.errors import BadFile, BadNetwork, CannotWrite, DLError, UnknownName, nearest
from dl.options import InputShape, Option, Options
from dl.plugins.local import LARGEST, read_trusted, trust_file
from dl.plugins.states import short_repr, shortened
from dl.specs import ModelSpec, OwnStep
from dl.stored import parse_json
from dl.words import many

if TYPE_CHECKING:
    from torch import nn

SUFFIX, BUILD = ".py", "build"
STEP, OPTIMIZERS = "training_step", "optimizers"  # further functions of a file
HASH = 32  # digits of the hash in a name
TYPED = "models.json"  # the hashes of files that the user has typed, beside the trusted folders


@dataclass(frozen=True)
class FileName:
    """The name of a model in a file.

    Args:
        path: Of the file.
        function: That builds the network.
        hash: Of the file's content, as far as names have it; empty as a user types it.
    """

    path: Path
    function: str
    hash: str = ""

    @classmethod
    def of(cls, model: str) -> FileName | None:
        """Split a name; None for the name of a registered model."""
        rest, _, found = model.partition("#")
        path, colon, function = rest.rpartition(":")
        path, function = (path, function) if colon and path.endswith(SUFFIX) else (rest, BUILD)
        return cls(Path(path).expanduser(), function, found) if path.endswith(SUFFIX) else None

    @property
    def full(self) -> str:
        """The name as a recipe in memory has it."""
        return f"{self.path}:{self.function}" + (f"#{self.hash}" if self.hash else "")

    @property
    def short(self) -> str:
        """The name on the screen."""
        return f"{self.path.name}:{self.function}"

    @property
    def kept(self) -> str:
        """The name in a recipe file that has a copy of the code beside it."""
        return FileName(Path(self.path.name), self.function, self.hash).full


def short_model(model: str) -> str:
    """Return the name of a model as it is shown: without the folder and the hash of its file."""
    name = FileName.of(model)
    return name.short if name else model


def label_of(model: str) -> str:
    """Return the name of a model in that of a run folder."""
    name = FileName.of(model)
    return name.path.stem if name else model


def kept_model(model: str) -> str:
    """Return the name of a model in a recipe file."""
    name = FileName.of(model)
    return name.kept if name else model


def placed_model(model: str, folder: Path) -> str:
    """Return the full name of a model that a recipe file in this folder names.

    Raises:
        BadNetwork: If it names a file without its hash: code is run if its name is typed.
    """
    name = FileName.of(model)
    if name is None:
        return model
    if not name.hash:
        raise BadNetwork(f"the recipe names code without its hash, {name.short}; type its name: --model {name.short}")
    return FileName(Path(os.path.abspath(folder / name.path)), name.function, name.hash).full  # noqa: PTH100 - keeps links


def copy_model(model: str, folder: Path) -> None:
    """Write a copy of a model's file into a folder with a recipe; nothing for a registered model."""
    if name := FileName.of(model):
        sealed.write(folder / name.path.name, source_of(name))


def source_of(name: FileName) -> bytes:
    """Return the content of a model's file: as it was run in this process, or as it stands.

    Raises:
        BadNetwork: If it has changed since the hash was taken.
        UnknownName: If there is no such file.
    """
    known = sys.modules.get(_module_name(name.hash))
    if name.hash and known is not None:
        return bytes(vars(known)["__source__"])
    source = _read(name.path)
    if name.hash and _hash(source)[:HASH] != name.hash:
        raise BadNetwork(f"{name.path} has changed since the fit; put it back, or fit anew with --model {name.short}")
    return source


def model_of_file(model: str, domain: str) -> ModelSpec | None:
    """Return the model that a name of a file stands for; None for any other name.

    Raises:
        BadNetwork: If the file cannot be run, or has no such function.
        UnknownName: If there is no such file.
    """
    name = FileName.of(model)
    if name is None:
        return None
    source = source_of(name)
    digest = _hash(source)
    if name.hash:
        _need_trust(name, digest)
    else:
        name = FileName(Path(os.path.abspath(name.path)), name.function, digest[:HASH])  # noqa: PTH100 - keeps links
    function = _function(_run(name, source), name)
    _remember(digest, name.path)
    return ModelSpec(
        name.full,
        domain,
        f"of {name.path}",
        lambda *given: _build(function, name, *given),
        _options(function, name),
        build_autoencoder=lambda shape, options: _build(function, name, shape, math.prod(shape), options),
        build_next_frame=lambda shape, options: _build(function, name, shape, math.prod(shape[1:]), options),
        own_step=_own_step(_run(name, source), name),
    )


def known_options(model: str, domain: str, options: Mapping[str, Any]) -> ModelSpec | None:
    """Return the model that a recipe names, with the recipe's values as its options, without running its file.

    Args:
        model: As the recipe names it.
        domain: Of the recipe.
        options: Of the model in the recipe. Any: TOML values.

    Returns:
        None for a registered model.
    """
    if FileName.of(model) is None:
        return None
    known = tuple(Option(name, value, "as in the recipe") for name, value in options.items())
    return ModelSpec(model, domain, "", options=known)


def _read(path: Path) -> bytes:
    try:
        with regular.open_regular(path) as stream:
            source = stream.read(LARGEST + 1)
    except FileNotFoundError:
        raise UnknownName(f"no model file {str(path)!r}  models by name: dl ls models") from None
    except OSError as error:
        raise BadFile(f"the model file {str(path)!r} cannot be read: {error.strerror or error}") from error
    if len(source) > LARGEST:
        raise BadFile(f"the model file {str(path)!r} has more than {LARGEST:,} bytes")
    return source


def _hash(source: bytes) -> str:
    import hashlib  # imported here: it takes 4 ms

    return hashlib.sha256(source).hexdigest()


def _module_name(digest: str) -> str:
    return f"dl_model_{digest}"


def _run(name: FileName, source: bytes) -> ModuleType:
    """Run a file as a module, once per process for the same content.

    Raises:
        BadNetwork: If it fails, with its line.
    """
    known = sys.modules.get(_module_name(name.hash))
    if known is not None:
        return known
    module = ModuleType(_module_name(name.hash))
    module.__file__ = str(name.path)
    vars(module)["__source__"] = source
    sys.modules[module.__name__] = module
    try:
        with _naming_line(name, "cannot be imported"):
            exec(compile(source, str(name.path), "exec", dont_inherit=True), vars(module))
    except BaseException:
        sys.modules.pop(module.__name__, None)
        raise
    return module


@contextmanager
def _naming_line(name: FileName, failed: str) -> Iterator[None]:
    """Turn errors of a model file into one line with the line of the file.

    Raises:
        BadNetwork: For any error but a second Ctrl-C.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        place = f"{name.path.name}:{line}" if (line := _line_in(error, name.path)) else name.path.name
        sibling = isinstance(error, ModuleNotFoundError) and (name.path.parent / f"{error.name}.py").exists()
        hint = "  a model file stands alone: the run keeps a copy of this one file" if sibling else ""
        what = str(error) if isinstance(error, DLError) else _described(error)
        raise BadNetwork(f"{place} {failed}: {what}{hint}") from error


def _described(error: BaseException) -> str:
    """Describe an error in one line, without its place."""
    if isinstance(error, SystemExit):
        return f"it calls sys.exit({short_repr(error.code)})"
    message = str(error.msg) if isinstance(error, SyntaxError) else " ".join(str(error).split())
    return shortened(f"{type(error).__name__}: {message}" if message else type(error).__name__)


def _line_in(error: BaseException, path: Path) -> int:
    """Return the innermost line of a file in a traceback; 0 if it is not in it."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 0
    steps = traceback.extract_tb(error.__traceback__)
    return next((step.lineno or 0 for step in reversed(steps) if step.filename == str(path)), 0)


def _function(module: ModuleType, name: FileName) -> Callable[..., Any]:  # Any: what a user's function returns
    """Look a function of a model file up.

    Raises:
        BadNetwork: Naming the functions that are there.
    """
    found = vars(module).get(name.function)
    if callable(found):
        return found  # type: ignore[no-any-return]  # a user's function
    own = [key for key, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
    listed = f"  there are: {', '.join(own)}" if own else ""
    raise BadNetwork(f"{name.path.name} has no function {name.function!r}{nearest(name.function, own)}{listed}")


def _own_step(module: ModuleType, name: FileName) -> OwnStep | None:
    """Return the training step of a model file, with its optimizers; None where it has none.

    Raises:
        BadNetwork: If it has optimizers alone.
    """
    found = {key: vars(module).get(key) for key in (STEP, OPTIMIZERS)}
    own = {key: one for key, one in found.items() if callable(one)}
    if STEP not in own:
        if OPTIMIZERS in own:
            raise BadNetwork(f"{name.path.name} has {OPTIMIZERS}, and no {STEP}(network, batch, ...) that takes them")
        return None
    wrapped = {key: partial(_call, one, name, f"{key} fails") for key, one in own.items()}
    return OwnStep(wrapped[STEP], wrapped.get(OPTIMIZERS))


def _call(function: Callable[..., Any], name: FileName, failed: str, *given: Any) -> Any:  # Any: a user's function
    with _naming_line(name, failed):
        return function(*given)


def _options(function: Callable[..., Any], name: FileName) -> tuple[Option, ...]:
    """Return the options of a function: its arguments after shape and outputs, with their defaults.

    Raises:
        BadNetwork: If it does not take shape and outputs, or an argument has no default that can be typed.
    """
    given = list(inspect.signature(function).parameters.values())
    places = [one for one in given if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    if len(places) < 2 and not any(one.kind == one.VAR_POSITIONAL for one in given):
        raise BadNetwork(
            f"{name.short} takes {many(len(places), 'argument')}; expected {name.function}(shape, outputs)"
        )
    rest = [one for one in given if one not in places[:2] and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    for one in rest:
        if not isinstance(one.default, (bool, int, float, str)):
            raise BadNetwork(
                f"{name.short}: the argument {one.name!r} needs a default: a number, a word, True or False"
            )
    return tuple(Option(one.name, one.default, f"of {name.short}") for one in rest)


def _build(
    function: Callable[..., Any], name: FileName, shape: InputShape, outputs: int, options: Options
) -> nn.Module:
    """Build the network.

    Raises:
        BadNetwork: If the function fails, with its line, or returns no network.
    """
    from torch import nn

    with _naming_line(name, f"fails for inputs of shape {tuple(shape)} and {outputs} outputs"):
        network = function(tuple(shape), outputs, **options)
    if not isinstance(network, nn.Module):
        found = "nothing" if network is None else type(network).__name__
        raise BadNetwork(f"{name.short} returned {found}, not an nn.Module or a dl.graph.Graph")
    return network


def _need_trust(name: FileName, digest: str) -> None:
    """Refuse code that nobody typed on this machine.

    Raises:
        BadNetwork: Naming the ways to run it.
    """
    if _module_name(name.hash) in sys.modules or digest in _typed():
        return
    if any(digest in hashes.values() for hashes in read_trusted().values()):
        return
    folder = name.path.parent
    raise BadNetwork(f"{name.path} is code that was never run here; read it, then: dl plugins trust {folder}")


def _typed() -> dict[str, str]:
    """Read the hashes of model files that the user has typed, with their paths; a damaged record holds none."""
    try:
        stored = parse_json(regular.read_text(trust_file().with_name(TYPED)))
        return {str(digest): str(path) for digest, path in stored.items()}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def _remember(digest: str, path: Path) -> None:
    """Record a file that was run because its name was typed, so that its copies can be run later."""
    known = _typed()
    if digest in known:
        return
    place = trust_file().with_name(TYPED)
    with suppress(CannotWrite):  # this process has run it; another one asks for trust
        files.make_folder(place.parent)
        files.write_text(place, json.dumps({**known, digest: str(path)}, indent=1) + "\n")
