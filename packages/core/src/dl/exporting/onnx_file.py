"""A traced network as a file of ONNX: an input for each raw input by its name, words looked up inside, names out.

Of pixels, numbers and categories nothing stays outside, nor of texts whose tokenizer ONNX can hold exactly; of others
the input are the token ids.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from dl.errors import BadOption
from dl.exporting import onnx_text, recurrent
from dl.exporting.forms import ANSWER, STRING, Output
from dl.preparation import CATEGORY, RawInput, Strings, fold, folded

if TYPE_CHECKING:
    import onnx
    from torch.export import ExportedProgram

OPSET = 18
OURS = "dl."  # before the keys of dl in the metadata
NO_STRINGS: Mapping[str, Strings] = MappingProxyType({})


def build(
    program: ExportedProgram,
    inputs: Sequence[RawInput],
    outputs: Sequence[Output],
    strings: Mapping[str, Strings] = NO_STRINGS,
) -> onnx.ModelProto:
    """Convert a traced network.

    Args:
        program: The network.
        inputs: Its inputs.
        outputs: Its outputs.
        strings: How inputs of strings, by name, become token ids; an input of tokens that is not here takes the ids.

    Raises:
        BadOption: If ONNX has no such function.
    """
    import torch

    names = [f"raw_{at}" for at in range(len(inputs))]
    results = [f"result_{at}" for at in range(len(outputs))]
    with _quiet():
        try:
            made = torch.onnx.export(
                program,
                input_names=names,
                output_names=results,
                opset_version=_opset(outputs, strings),
                dynamo=True,
                verbose=False,
                custom_translation_table=recurrent.to_onnx(),
            )
        except Exception as error:  # whatever a converter lacks
            raise BadOption(
                f"the network cannot be written as ONNX: {_reason(error)}  write it otherwise: --to torch"
            ) from error
    assert made is not None
    model: onnx.ModelProto = made.model_proto
    for name, one in zip(names, inputs, strict=True):
        if one.name in strings:
            onnx_text.read_strings(model, name, one, strings[one.name])
        else:
            _read_by_name(model, name, one)
    for result, output in zip(results, outputs, strict=True):
        _write_by_name(model, result, output)
    if strings:
        known = [f"{name}_known" for name, one in zip(names, inputs, strict=True) if one.name in strings]
        onnx_text.answer_known(model, outputs, known)
    return model


def _opset(outputs: Sequence[Output], strings: Mapping[str, Strings]) -> int:
    """Return the version of the operators: a later one where strings are read or written."""
    return max(
        [
            onnx_text.OPSET if any(one.kind == STRING for one in outputs) else OPSET,
            *(one.opset for one in strings.values()),
        ]
    )


def _reason(error: BaseException) -> str:
    """Return the first line of the innermost error of the converter."""
    while error.__cause__ is not None:
        error = error.__cause__
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]


def with_metadata(model: onnx.ModelProto, kept: Mapping[str, Any], card: str) -> bytes:  # Any: JSON
    """Return the content of the file with what goes along, under keys that begin with ``dl.``, after checking it."""
    import onnx

    onnx.helper.set_model_props(model, {f"{OURS}{name}": json.dumps(value) for name, value in kept.items()})
    model.doc_string, model.producer_name = card, "dl"
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the converter from printing."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [one.level for one in loggers]
    nowhere = io.StringIO()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in loggers:
            one.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for one, level in zip(loggers, levels, strict=True):
                one.setLevel(level)


def _read_by_name(model: onnx.ModelProto, name: str, one: RawInput) -> None:
    """Give an input its own name; before a category, look up the numbers of its words."""
    from onnx import TensorProto, helper

    place = next(at for at, given in enumerate(model.graph.input) if given.name == name)
    if one.kind == CATEGORY:
        known = _common_spellings(one.words) if not one.exact else {word: at for at, word in enumerate(one.words)}
        look_up = helper.make_node(
            "LabelEncoder",
            [one.name],
            [name],
            f"look up {one.name}",
            domain=onnx_text.OF_WORDS,
            keys_strings=list(known),
            values_int64s=list(known.values()),
            default_int64=onnx_text.UNKNOWN,
        )
        model.graph.node.insert(0, look_up)
        onnx_text.need_words(model)
        given = helper.make_tensor_value_info(one.name, TensorProto.STRING, list(one.axes))
        model.graph.input[place].CopyFrom(given)
    else:
        _rename(model, name, one.name)
    shape = model.graph.input[place].type.tensor_type.shape
    for size, axis in zip(shape.dim, one.axes, strict=True):
        if isinstance(axis, str):
            size.dim_param = axis
    model.graph.input[place].doc_string = one.about


def _write_by_name(model: onnx.ModelProto, result: str, one: Output) -> None:
    """Give an output its own name, name the class of each answer, and write strings out."""
    from onnx import TensorProto, helper

    place = next(at for at, given in enumerate(model.graph.output) if given.name == result)
    if one.kind == STRING:
        onnx_text.spell(model, result, one, model.graph.output[place].type.tensor_type.shape.dim[1].dim_value)
        model.graph.output[place].CopyFrom(helper.make_tensor_value_info(one.name, TensorProto.STRING, ["N"]))
    elif one.kind == ANSWER and len(model.graph.output[place].type.tensor_type.shape.dim) == 1:
        model.graph.node.append(onnx_text.named_by(result, one.name, one.names))
        onnx_text.need_words(model)
        model.graph.output[place].CopyFrom(helper.make_tensor_value_info(one.name, TensorProto.STRING, ["N"]))
    else:
        _rename(model, result, one.name)
        model.graph.output[place].type.tensor_type.shape.dim[0].dim_param = "N"


def _common_spellings(words: tuple[str, ...]) -> dict[str, int]:
    """Return the number of each word in its usual spellings: as learnt, in lower and upper case, and with a capital."""
    others, found = folded(words), {word: at for at, word in enumerate(words)}
    for word in (*words, *others):
        for spelled in (fold(word), word.upper(), word.title(), word.capitalize()):
            if fold(spelled) in others:
                found.setdefault(spelled, others[fold(spelled)])
    return found


def _rename(model: onnx.ModelProto, old: str, new: str) -> None:
    """Rename a value throughout the graph."""
    for node in model.graph.node:
        for names in (node.input, node.output):
            for at, name in enumerate(names):
                if name == old:
                    names[at] = new
    for given in (*model.graph.input, *model.graph.output):
        if given.name == old:
            given.name = new
