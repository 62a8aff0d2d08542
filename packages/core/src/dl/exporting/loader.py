"""Predict with a network that dl exported; needs torch and numpy alone, and reads no pickle.

network = Network(".")                     # the folder of this file, or a file of safetensors
network(image=pixels)["answer"]            # an array for each input by its name: see config.json
"""
# ruff: noqa: ANN001, ANN003, ANN201, ANN204, D101, D102, D103
# mypy: ignore-errors

import hashlib
import json
import operator
import re
import types
from pathlib import Path

import numpy as np
import torch

KINDS = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "?"}
READ = {"dtype": lambda name: getattr(torch, name), "device": torch.device, "float": float}


def check(name, content, wanted):  # the content, if no byte of it has changed since the export
    if hashlib.sha256(content).hexdigest() != wanted:
        raise ValueError(f"{name} is damaged: its SHA-256 is not that of the export; copy or export it again")
    return content


def read_files(place):  # configuration, steps and weights
    if place.is_dir():
        words = (place / "SHA256SUMS").read_bytes().decode("ascii", "replace").split()
        sums = dict(zip(words[1::2], words[::2], strict=False))
        names = ("load.py", "config.json", "network.json", "model.safetensors")
        _, config, graph, weights = (check(name, (place / name).read_bytes(), sums.get(name)) for name in names)
        return json.loads(config), json.loads(graph), read_weights(weights)[0]
    content = place.read_bytes()
    own = (re.findall(rb'"sha256":"(\w{64})"', content) or [b"none"])[0]
    weights, kept = read_weights(check(place.name, content.replace(own, b"0" * 64), own.decode()))
    return json.loads(kept["config"]), json.loads(kept["network"]), weights


def read_weights(content):  # a header in JSON, then the bytes of each tensor
    begin = 8 + int.from_bytes(content[:8], "little")
    header, found = json.loads(content[8:begin]), {}
    kept = header.pop("__metadata__", {})
    for name, one in header.items():
        first, end = one["data_offsets"]
        values = np.frombuffer(content[begin + first : begin + end], KINDS[one["dtype"]])
        found[name] = torch.from_numpy(values.reshape(one["shape"]).copy())
    return found, kept


def find(name):  # the function of torch, or of Python's operators, of a name
    home, _, rest = name.partition(".")
    return operator.attrgetter(rest)({"operator": operator, "torch": torch}.get(home) or getattr(torch.ops, home))


class Network:
    def __init__(self, place):
        place = Path(place)
        self.config, self.graph, self.weights = read_files(place)
        if name := self.config["reader"]:  # of texts
            content = ((place if place.is_dir() else place.parent) / name).read_bytes()
            self.reader = types.ModuleType("reader")
            exec(check(name, content, self.config["reader_sha256"]), vars(self.reader))

    def __call__(self, **raw):
        found = self.run([self.tensor(one, raw[one["name"]]) for one in self.config["inputs"]])
        outputs = self.config["outputs"]
        return {one["name"]: named(one, value.numpy()) for one, value in zip(outputs, found, strict=True)}

    def tensor(self, one, values):
        if one["kind"] == "tokens":
            return torch.from_numpy(self.reader.encode(values, one["settings"]))
        if one["kind"] != "category":
            return torch.from_numpy(np.array(values, np.uint8 if one["kind"] == "pixels" else np.float64))
        known, given = {word: at for at, word in enumerate(one["words"])}, np.array(values, object)
        every = [known.get(w, one["folded"].get(" ".join(w.split()).casefold(), -1)) for w in map(str, given.flat)]
        return torch.tensor(every).reshape(given.shape)

    @torch.no_grad()
    def run(self, tensors):
        kept = dict(zip(self.graph["inputs"], tensors, strict=True))
        kept |= {name: self.weights[key] for name, key in self.graph["weights"].items()}
        for name, function, values, options in self.graph["steps"]:
            given = {key: value_of(value, kept) for key, value in options.items()}
            kept[name] = find(function)(*(value_of(value, kept) for value in values), **given)
        return [kept[name] for name in self.graph["outputs"]]


def value_of(value, kept):
    if isinstance(value, list):
        return [value_of(one, kept) for one in value]
    if not isinstance(value, dict):
        return value
    ((kind, name),) = value.items()
    return kept[name] if kind == "of" else READ[kind](name)


def named(one, values):  # a class by its name; numbers, and yes or no for each label, as they are
    return np.array(one["names"], object)[values] if one["kind"] == "answer" and values.ndim == 1 else values
