"""The formats of `dl export`: the content of each file, and how it is opened to be compared with its run.

onnx and torch are one file each; safetensors holds weights, and the steps and the preparation as JSON in its header,
beside a loader; folder holds the same in files of their own; huggingface is such a folder with a card for the hub.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
import torch
from torch.export import ExportedProgram

from dl import regular
from dl.data.examples import Inputs
from dl.errors import BadOption
from dl.exporting import graph, loader, onnx_file, recurrent, steps, sums
from dl.exporting.agreement import Call, in_words, tensors_of
from dl.exporting.forms import Output
from dl.exporting.onnx_file import NO_STRINGS
from dl.preparation import TOKENS, Preparation, RawInput, Strings
from dl.version import CORE

CONFIG, CARD, WEIGHTS, STEPS, LOADER = "config.json", "README.md", "model.safetensors", "network.json", "load.py"
CODE = Path(steps.__file__)  # that a loader runs
EXTRA = f"pip install '{CORE}[export]'"
Contents = dict[str, bytes]
NOTHING: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True)
class Package:
    """All that an exported network is made of.

    Args:
        preparation: Of the inputs.
        outputs: Of the network.
        program: The traced network.
        config: What goes along, as JSON values.
        code: The files that `Format.code` returns.
        strings: Of ONNX, how inputs of strings become token ids, by name; an input that is not here takes the ids.
    """

    preparation: Preparation
    outputs: tuple[Output, ...]
    program: ExportedProgram
    config: dict[str, Any] = field(default_factory=dict)  # Any: JSON
    code: Contents = field(default_factory=dict)
    strings: Mapping[str, Strings] = field(default_factory=dict)

    @cached_property
    def onnx(self) -> Any:  # Any: onnx is an extra
        """The network as a model of ONNX."""
        return onnx_file.build(self.program, self.preparation.inputs, self.outputs, self.strings)

    @cached_property
    def steps(self) -> dict[str, Any]:  # Any: JSON
        """The network as steps."""
        found: dict[str, Any] = graph.as_steps(recurrent.as_torch(self.program))
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """What the exported form does not do, a sentence each."""
        return (*self.preparation.notes, *map(_only_known, self.strings.items()))

    @cached_property
    def reader(self) -> ModuleType | None:
        """The reader of texts."""
        return None if self.preparation.reader is None else import_file(self.preparation.reader)


@dataclass(frozen=True)
class Format:
    """A format.

    Args:
        name: For ``--to``.
        suffix: Of its file; empty for a folder.
        about: One line.
        contents: From the package, the stem of the file and the card to the content of each file, by its name.
        open: From the package and the place where the content lies to a function that predicts raw inputs.
        needs: Packages that it imports, which are extras.
        loaded: Whether a loader of dl opens it, and runs its steps.
        holds_strings: Whether it has operators on strings.
    """

    name: str
    suffix: str
    about: str
    contents: Callable[[Package, str, str], Contents]
    open: Callable[[Package, Path], Call]
    needs: tuple[str, ...] = ()
    loaded: bool = False
    holds_strings: bool = False

    def strings(self, preparation: Preparation, inputs: Inputs) -> dict[str, Strings]:
        """Return how strings become token ids inside, by the name of an input, where the format can hold that.

        Args:
            preparation: Of the inputs.
            inputs: Of examples, whose characters have to be known.
        """
        of_tokens = [one for one in preparation.inputs if one.kind == TOKENS] if self.holds_strings else []
        raw = preparation.raw(inputs) if of_tokens else {}
        found = {one.name: one.strings([str(text) for text in raw[one.name]]) for one in of_tokens}
        return {name: how for name, how in found.items() if how is not None}

    def code(self, preparation: Preparation, stem: str, strings: Mapping[str, Strings] = NO_STRINGS) -> Contents:
        """Return the files that are run to read inputs and, with a loader, to predict; the reader is the first."""
        needed = any(one.kind == TOKENS and one.name not in strings for one in preparation.inputs)
        files = [preparation.reader] if preparation.reader and needed else []
        files += [CODE] if self.loaded else []
        before = f"{stem}_" if self.suffix else ""
        return {f"{before}{one.name}": regular.read_bytes(one) for one in files}

    def need_packages(self) -> None:
        """Refuse the format where a package is missing.

        Raises:
            BadOption: With the command that installs it.
        """
        missing = [name for name in self.needs if importlib.util.find_spec(name) is None]
        if missing:
            raise BadOption(f"--to {self.name} needs the package {missing[0]}, an extra  install it: {EXTRA}")


def _only_known(one: tuple[str, Strings]) -> str:
    name, how = one
    count = f"the {len(how.characters):,} characters listed with the input"
    return f"a {name} with others than {count} is answered by nan and an empty name: ONNX cannot read it exactly"


def import_file(path: Path) -> ModuleType:
    """Import a file of Python, without leaving compiled code beside it."""
    spec = importlib.util.spec_from_file_location(f"exported_{path.stem}", path)
    assert spec is not None and spec.loader is not None  # a file of Python
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def _json(content: Any) -> bytes:  # Any: JSON
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def _beside(
    package: Package, stem: str, card: str, suffix: str, content: bytes, loads: Mapping[str, bytes] = NOTHING
) -> Contents:
    """Return a single file and those beside it: the card, files of code, perhaps a loader, and the sums of all."""
    every = {f"{stem}{suffix}": content, f"{stem}.md": card.encode(), **package.code, **loads}
    return {**every, f"{stem}{sums.SUFFIX}": sums.listed(every)}


def _as_onnx(package: Package, stem: str, card: str) -> Contents:
    return _beside(package, stem, card, ".onnx", onnx_file.with_metadata(package.onnx, package.config, card))


def _open_onnx(package: Package, place: Path) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(regular.read_bytes(place), options, providers=["CPUExecutionProvider"])

    def call(raw: Mapping[str, Any]) -> Any:  # Any: arrays of any kind
        return session.run(
            None,
            {one.name: _given(package, one, raw[one.name]) for one in package.preparation.inputs},
        )

    return call


def _given(package: Package, one: RawInput, values: Any) -> Any:  # Any: arrays of any kind
    if one.kind == TOKENS and one.name not in package.strings and package.reader is not None:
        return package.reader.encode(values, one.settings)
    return values.astype(object) if values.dtype.kind == "U" else np.ascontiguousarray(values)


def _as_torch(package: Package, stem: str, card: str) -> Contents:
    stream = io.BytesIO()
    program = recurrent.as_torch(package.program)
    program._example_inputs = None  # they would be pickled
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(program, stream, extra_files={CONFIG: _json(package.config).decode()})
    return _beside(package, stem, card, ".pt2", stream.getvalue())


def _open_torch(package: Package, place: Path) -> Call:
    program = torch.export.load(io.BytesIO(regular.read_bytes(place))).module()

    def call(raw: Mapping[str, Any]) -> Any:  # Any: arrays of any kind
        encode = None if package.reader is None else package.reader.encode
        with torch.no_grad():
            found = program(*tensors_of(package.preparation, raw, encode))
        return [in_words(one, value.numpy()) for one, value in zip(package.outputs, found, strict=True)]

    return call


def _as_safetensors(package: Package, stem: str, card: str) -> Contents:
    from safetensors.torch import save

    kept = {"format": "pt", "config": json.dumps(package.config), "network": json.dumps(package.steps), "card": card}
    content = save(graph.weights_of(package.program), {**kept, sums.KEY: sums.BLANK})
    loads = {f"{stem}_{LOADER}": regular.read_bytes(Path(loader.__file__))}
    return _beside(package, stem, card, ".safetensors", sums.with_own_sum(content), loads)


def _as_folder(package: Package, _stem: str, card: str) -> Contents:
    from safetensors.torch import save

    every = {
        WEIGHTS: save(graph.weights_of(package.program), {"format": "pt"}),
        CONFIG: _json(package.config),
        STEPS: (json.dumps(package.steps) + "\n").encode(),
        LOADER: regular.read_bytes(Path(loader.__file__)),
        CARD: card.encode(),
        **package.code,
        **{one.name: regular.read_bytes(one) for one in package.preparation.beside},
    }
    return {**every, sums.SUMS: sums.listed(every)}


def _open_loaded(package: Package, place: Path) -> Call:
    module = import_file(place / LOADER if place.is_dir() else place.with_name(f"{place.stem}_{LOADER}"))
    network: Any = getattr(module, "Network")(place)  # noqa: B009 - a module without types

    def call(raw: Mapping[str, Any]) -> Any:  # Any: arrays of any kind
        return [*network(**raw).values()]

    return call


FORMATS = {
    one.name: one
    for one in (
        Format(
            "onnx",
            ".onnx",
            "one file, for onnxruntime and other engines",
            _as_onnx,
            _open_onnx,
            ("onnx", "onnxscript", "onnxruntime"),
            holds_strings=True,
        ),
        Format("torch", ".pt2", "one file of torch.export", _as_torch, _open_torch),
        Format(
            "safetensors",
            ".safetensors",
            "one file: weights, with the rest in its header",
            _as_safetensors,
            _open_loaded,
            loaded=True,
        ),
        Format(
            "huggingface", "", "a folder in the shape of a repository of the hub", _as_folder, _open_loaded, loaded=True
        ),
        Format(
            "folder",
            "",
            "a folder with a loader that needs torch and numpy alone",
            _as_folder,
            _open_loaded,
            loaded=True,
        ),
    )
}
