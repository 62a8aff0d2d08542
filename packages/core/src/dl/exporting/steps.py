"""What load.py runs: the steps of a network, calls of functions of torch by name, between raw numbers and answers."""
# ruff: noqa: ANN001, ANN201, D103
# mypy: ignore-errors

import operator
import re
import types

import numpy as np
import torch

HOMES = types.SimpleNamespace(aten=torch.ops.aten, torch=torch, operator=operator)
OF_NUMBERS = "getitem|add|sub|mul|floordiv|truediv|mod|pow|neg|pos|eq|ne|lt|le|gt|ge|and_|or_|not_"
OF_TENSORS = r"(_?[a-z]\w*|__(and|or|xor)__)\.[A-Za-z]\w*"
ALLOWED = re.compile(rf"aten\.{OF_TENSORS}|torch\.sym_[a-z]+|operator\.({OF_NUMBERS})")  # nothing else runs
READ = {"dtype": lambda name: getattr(torch, name), "device": torch.device, "float": float}


@torch.no_grad()
def run(graph, weights, tensors):  # the outputs, from the tensors of the inputs
    kept = dict(zip(graph["inputs"], tensors, strict=True))
    kept |= {name: weights[key] for name, key in graph["weights"].items()}
    for name, function, values, options in graph["steps"]:
        given = {key: value_of(value, kept) for key, value in options.items()}
        kept[name] = find(function)(*value_of(values, kept), **given)
    return [kept[name] for name in graph["outputs"]]


def find(name):
    if not ALLOWED.fullmatch(name):
        raise ValueError(f"a step calls {name!r}, which no exported network does; the file is not one of dl")
    return operator.attrgetter(name)(HOMES)


def value_of(value, kept):  # an argument: a list, a number or word, or an object with one key
    if isinstance(value, list):
        return [value_of(one, kept) for one in value]
    if not isinstance(value, dict):
        return value
    ((kind, name),) = value.items()
    return kept[name] if kind == "of" else READ[kind](name)


def number(values):
    return np.array(values, np.float64)


def date(values):  # days since 1970, of dates as text, moments, or such days
    given = np.array(values)
    if given.dtype.kind in "if":
        return given.astype(np.float64)
    moments = given.astype("datetime64[us]")
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 86_400_000_000)


def named(one, values):  # classes by their names, strings as text, all else as it is
    if one["kind"] == "string":
        return np.array([one["between"].join(one["names"][k] for k in row if k >= 0) for row in values], object)
    return np.array(one["names"], object)[values] if one["kind"] == "answer" and values.ndim == 1 else values
