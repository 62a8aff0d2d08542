"""Predict with a network that dl exported; needs torch and numpy alone, and reads no pickle.

network = Network(".")                     # the folder of this file, or a file of safetensors
network(image=pixels)["answer"]            # an array for each output by its name: see config.json
"""
# ruff: noqa: ANN001, ANN003, ANN201, ANN204, D101, D102, D103
# mypy: ignore-errors

import hashlib
import json
import math
import re
from pathlib import Path

import numpy as np
import torch

KINDS = {"F64": "float64", "F32": "float32", "I64": "int64", "I32": "int32", "U8": "uint8", "BOOL": "bool"}
PARTS = ("config.json", "network.json", "model.safetensors", "load.py")


def check(name, content, wanted):  # the content, if no byte of it has changed since the export
    if hashlib.sha256(content).hexdigest() != wanted:
        raise ValueError(f"{name} is damaged: its SHA-256 is not that of the export; copy or export it again")
    return content


def read_files(place):  # configuration, steps and weights
    if place.is_dir():
        words = (place / "SHA256SUMS").read_bytes().decode("ascii", "replace").split()
        sums = dict(zip(words[1::2], words[::2], strict=False))
        config, graph, weights, _ = (check(name, (place / name).read_bytes(), sums.get(name)) for name in PARTS)
        return json.loads(config), json.loads(graph), read_weights(weights)[0]
    content = place.read_bytes()
    own = (re.findall(rb'"sha256":"(\w{64})"', content) or [b"none"])[0]
    weights, kept = read_weights(check(place.name, content.replace(own, b"0" * 64), own.decode()))
    return json.loads(kept["config"]), json.loads(kept["network"]), weights


def read_weights(content):  # a header in JSON, then the numbers of each tensor
    begin = 8 + int.from_bytes(content[:8], "little")
    header, values, found = json.loads(content[8:begin]), bytearray(content[begin:]), {}
    kept = header.pop("__metadata__", {})
    for name, one in header.items():
        kind, shape, start = getattr(torch, KINDS[one["dtype"]]), one["shape"], one["data_offsets"][0]
        found[name] = torch.frombuffer(values, dtype=kind, count=math.prod(shape), offset=start).reshape(shape)
    return found, kept


class Network:
    def __init__(self, place):
        self.place = Path(place)
        self.config, self.graph, self.weights = read_files(self.place)
        self.code = {}  # the functions of steps.py and, for texts, of tokenizer.py
        for name, wanted in self.config["code"].items():
            file = (self.place if self.place.is_dir() else self.place.parent) / name
            exec(check(name, file.read_bytes(), wanted), own := {})
            self.code |= own

    def __call__(self, **raw):
        tensors = [self.tensor(one, raw[one["name"]]) for one in self.config["inputs"]]
        found = self.code["run"](self.graph, self.weights, tensors)
        outputs = zip(self.config["outputs"], found, strict=True)
        return {one["name"]: self.code["named"](one, value.numpy()) for one, value in outputs}

    def tensor(self, one, values):
        if one["kind"] == "tokens":
            return torch.from_numpy(self.code["encode"](np.atleast_1d(np.array(values, object)), one["settings"]))
        if one["kind"] == "pixels":
            return torch.from_numpy(np.asarray(values).astype(np.uint8, casting="safe"))
        if one["kind"] in ("number", "date"):
            return torch.from_numpy(self.code[one["kind"]](values))
        given, known, folded = np.array(values, object), one["words"], one["folded"]
        every = [known.get(w, folded.get(" ".join(w.split()).casefold(), -1)) for w in map(str, given.flat)]
        return torch.tensor(every).reshape(given.shape)
