"""Strings in ONNX: texts that become token ids before a network, and words, names and strings that it writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dl.exporting.forms import Output
from dl.preparation import RawInput, Strings

if TYPE_CHECKING:
    import onnx

OF_WORDS, OPSET_OF_WORDS = "ai.onnx.ml", 4
OPSET = 20  # joins strings
UNKNOWN = -1


def read_strings(model: onnx.ModelProto, name: str, one: RawInput, how: Strings) -> None:
    """Give an input of strings its own name, and make token ids of them by steps before all others."""
    from onnx import TensorProto, helper

    place = next(at for at, given in enumerate(model.graph.input) if given.name == name)
    steps = [*how.nodes(one.name, name, f"{name}_known"), *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(steps)
    known = {(made.domain, made.name) for made in model.functions}
    for made in how.functions():
        if (made.domain, made.name) not in known:
            model.functions.append(made)
            model.opset_import.append(helper.make_opsetid(made.domain, 1))
    need_words(model)
    given = helper.make_tensor_value_info(one.name, TensorProto.STRING, ["N"])
    given.doc_string = one.about
    model.graph.input[place].CopyFrom(given)


def answer_known(model: onnx.ModelProto, outputs: Sequence[Output], known: Sequence[str]) -> None:
    """Put nan, no name or 0 in the place of answers to inputs with strings that are not known."""
    from onnx import TensorProto, helper

    add, flags = model.graph.node.append, known[0]
    for other in known[1:]:
        add(helper.make_node("And", [flags, other], [f"{flags}_and"]))
        flags = f"{flags}_and"
    add(helper.make_node("Constant", [], ["last_axis"], value_ints=[1]))
    add(helper.make_node("Unsqueeze", [flags, "last_axis"], ["known_rows"]))
    for one in outputs:
        (info,) = (given for given in model.graph.output if given.name == one.name)
        kind = info.type.tensor_type.elem_type
        nothing: Any = {TensorProto.STRING: b"", TensorProto.INT64: 0}.get(kind, float("nan"))  # Any: of its kind
        value = helper.make_tensor(f"{one.name}_none", kind, [], [nothing])
        before = f"{one.name}_of_known"
        for node in model.graph.node:
            node.output[:] = [before if name == one.name else name for name in node.output]
            node.input[:] = [before if name == one.name else name for name in node.input]
        flag = "known_rows" if len(info.type.tensor_type.shape.dim) > 1 else flags
        add(helper.make_node("Constant", [], [f"{one.name}_none"], value=value))
        add(helper.make_node("Where", [flag, before, f"{one.name}_none"], [one.name]))


def spell(model: onnx.ModelProto, result: str, one: Output, longest: int) -> None:
    """Join the characters of strings: two halves of the places at a time, until one place is left.

    Args:
        model: To be changed.
        result: The numbers of the characters, (N, L), with -1 after the last.
        one: The output.
        longest: L.
    """
    from onnx import helper

    levels = max(longest - 1, 1).bit_length()
    numbers = {f"{result}_{name}": value for name, value in (("0", 0), ("1", 1), ("2", 2), ("end", 1 << levels))}
    add = model.graph.node.append
    for name, value in numbers.items():
        add(helper.make_node("Constant", [], [name], value_ints=[value]))
    add(helper.make_node("Constant", [], [f"{result}_none"], value_int=UNKNOWN))
    add(helper.make_node("Constant", [], [f"{result}_pads"], value_ints=[0, 0, 0, (1 << levels) - longest]))
    add(helper.make_node("Pad", [result, f"{result}_pads", f"{result}_none"], [f"{result}_padded"]))
    zero, first, second, end = numbers

    def slice_(given: str, start: str, stop: str, step: str, made: str) -> None:
        add(helper.make_node("Slice", [given, start, stop, first, step], [made]))

    slice_(f"{result}_padded", zero, first, first, f"{result}_head")
    slice_(f"{result}_padded", first, end, first, f"{result}_tail")
    for part, between in (("head", ""), ("tail", one.between)):
        add(named_by(f"{result}_{part}", f"{result}_{part}_words", [f"{between}{name}" for name in one.names]))
    add(helper.make_node("Concat", [f"{result}_head_words", f"{result}_tail_words"], [f"{result}_level_0"], axis=1))
    for level in range(levels):
        given = f"{result}_level_{level}"
        slice_(given, zero, end, second, f"{given}_even")
        slice_(given, first, end, second, f"{given}_odd")
        add(helper.make_node("StringConcat", [f"{given}_even", f"{given}_odd"], [f"{result}_level_{level + 1}"]))
    add(helper.make_node("Squeeze", [f"{result}_level_{levels}", first], [one.name]))
    need_words(model)


def named_by(given: str, made: str, names: Sequence[str]) -> onnx.NodeProto:
    """Return the step that names numbers; of others it makes empty words."""
    from onnx import helper

    return helper.make_node(
        "LabelEncoder",
        [given],
        [made],
        f"name {made}",
        domain=OF_WORDS,
        keys_int64s=list(range(len(names))),
        values_strings=list(names),
        default_string="",
    )


def need_words(model: onnx.ModelProto) -> None:
    """Import the operators on words, where they are not yet."""
    from onnx import helper

    if OF_WORDS not in {one.domain for one in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(OF_WORDS, OPSET_OF_WORDS))
