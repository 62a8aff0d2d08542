"""How exported files are used, for the card: a few lines of Python, the inputs, the outputs, the agreement."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from dl.exporting.formats import Format, Package
from dl.exporting.forms import ANSWER, PROBABILITIES, STRING
from dl.preparation import CATEGORY, DATE, NUMBER, PIXELS, TOKENS, RawInput
from dl.terminal import safe_text

MOST_LISTED, MOST_SHOWN = 50, 3  # inputs in the list, and in the lines of Python
VARIABLES = {CATEGORY: "words", NUMBER: "numbers", DATE: "days", PIXELS: "pixels", TOKENS: "texts"}


def usage(kind: Format, place: Path, package: Package) -> list[str]:
    """Return lines on how files of a format are opened, and on inputs and outputs."""
    code = {"onnx": _with_onnx, "torch": _with_torch}.get(kind.name, _with_loader)
    return [
        "```python",
        *code(place, package),
        "```",
        "",
        *_listed(package.preparation.inputs),
        *(f"- Output `{safe_text(one.name, 60)}`: {one.about}" for one in package.outputs),
        *_notes(kind, package),
        *_beside(kind, package),
    ]


def _listed(inputs: Sequence[RawInput]) -> Iterator[str]:
    yield from (f"- Input `{safe_text(one.name, 60)}`: {one.about}" for one in inputs[:MOST_LISTED])
    if len(inputs) > MOST_LISTED:
        yield f"- and {len(inputs) - MOST_LISTED:,} inputs more, in the configuration"


def _notes(kind: Format, package: Package) -> Iterator[str]:
    yield from (f"- Note: {note}" for note in package.notes)
    if any(one.kind == PROBABILITIES for one in package.outputs):
        yield "- Probabilities are as the network gives them; the report says how far they can be trusted"
    if kind.name == "torch" and any(one.kind == CATEGORY for one in package.preparation.inputs):
        yield "- A category is the number of its word in the configuration, -1 for any other word"
    if kind.name == "torch" and any(one.kind in (ANSWER, STRING) for one in package.outputs):
        yield "- An answer is the number of its name in the configuration; in a string, -1 comes after the last"


def _beside(kind: Format, package: Package) -> Iterator[str]:
    """Yield a line on files beside the loader of a folder."""
    names = [one.name for one in package.preparation.beside]
    if names and not kind.suffix:
        yield f"- Beside it, with a line in each on its use: {', '.join(names)}"


def _with_onnx(place: Path, package: Package) -> Iterator[str]:
    reader = next(iter(package.code), "")
    yield "import json, numpy, onnxruntime, runpy" if reader else "import numpy, onnxruntime"
    yield ""
    yield f"session = onnxruntime.InferenceSession({_word(place.name)})"
    if reader:
        kept, at = 'session.get_modelmeta().custom_metadata_map["dl.inputs"]', _first_of_tokens(package)
        yield f'settings = json.loads({kept})[{at}]["settings"]'
        yield f'ids = runpy.run_path({_word(reader)})["encode"](texts, settings)  # of a list of texts'
    names = json.dumps([one.name for one in package.outputs], ensure_ascii=False)
    given = _given(package.preparation.inputs, "ids" if reader else "numpy.array(texts, object)")
    yield f"found = session.run({names}, {given})"


def _with_torch(place: Path, package: Package) -> Iterator[str]:
    reader = next(iter(package.code), "")
    yield "import json, runpy, torch" if reader else "import json, torch"
    yield ""
    yield 'kept = {"config.json": ""}'
    yield f"network = torch.export.load({_word(place.name)}, extra_files=kept).module()"
    yield 'config = json.loads(kept["config.json"])  # names of inputs and outputs, in their order'
    if reader:
        yield f'encode = runpy.run_path({_word(reader)})["encode"]  # of a list of texts, as are the settings'
        at = _first_of_tokens(package)
        yield f'ids = torch.from_numpy(encode(texts, config["inputs"][{at}]["settings"]))'
    inputs = package.preparation.inputs
    shown = ["ids" if one.kind == TOKENS else VARIABLES[one.kind] for one in inputs[:MOST_SHOWN]]
    yield f"found = network({', '.join([*shown, *['...'] * (len(inputs) > MOST_SHOWN)])})  # tensors"


def _with_loader(place: Path, package: Package) -> Iterator[str]:
    if place.suffix == ".safetensors":
        yield "import runpy"
        yield ""
        yield f'Network = runpy.run_path({_word(f"{place.stem}_load.py")})["Network"]'
        yield f"network = Network({_word(place.name)})"
    else:
        yield "from load import Network"
        yield ""
        yield 'network = Network(".")'
    yield f"found = network(**{_given(package.preparation.inputs, 'texts')})"
    yield f"found[{_word(package.outputs[-1].name)}]"


def _first_of_tokens(package: Package) -> int:
    return next(at for at, one in enumerate(package.preparation.inputs) if one.kind == TOKENS)


def _given(inputs: Sequence[RawInput], of_tokens: str) -> str:
    """Return a mapping of inputs as Python writes it, of the first few."""
    names = {**VARIABLES, TOKENS: of_tokens}
    shown = [f"{_word(one.name)}: {names[one.kind]}" for one in inputs[:MOST_SHOWN]]
    return "{" + ", ".join([*shown, *["..."] * (len(inputs) > MOST_SHOWN)]) + "}"


def _word(word: str) -> str:
    return json.dumps(safe_text(word, 60), ensure_ascii=False)
