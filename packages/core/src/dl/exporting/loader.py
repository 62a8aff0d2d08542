"""Predict with a network that dl exported; needs torch and numpy alone, and reads no pickle.

network = Network(".")                     # the folder of this file, or a file of safetensors
network(image=pixels)["answer"]            # an array for each input by its name: see config.json
"""
# ruff: noqa: ANN001, ANN003, ANN201, ANN204, D101, D102, D103
# mypy: ignore-errors

import importlib.util
import json
import operator
from collections import Counter
from pathlib import Path

import numpy as np
import torch

KINDS = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "?"}
READ = {"dtype": lambda name: getattr(torch, name), "device": torch.device, "float": float}


def read_weights(content):  # a header in JSON, then the bytes of each tensor
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    kept = header.pop("__metadata__", {})
    places = {
        name: content[begin + one["data_offsets"][0] : begin + one["data_offsets"][1]] for name, one in header.items()
    }
    arrays = {
        name: np.frombuffer(places[name], KINDS[one["dtype"]]).reshape(one["shape"]) for name, one in header.items()
    }
    return {name: torch.from_numpy(one.copy()) for name, one in arrays.items()}, kept


def find(name):  # the function of torch, or of Python's operators, of a name
    home, *rest = name.split(".")
    return operator.attrgetter(".".join(rest))(
        {"operator": operator, "torch": torch}.get(home) or getattr(torch.ops, home)
    )


class Network:
    def __init__(self, place):
        place = Path(place)
        folder = place if place.is_dir() else place.parent
        self.weights, kept = read_weights((place / "model.safetensors" if place.is_dir() else place).read_bytes())
        texts = (
            {one: (place / f"{one}.json").read_text("utf-8") for one in ("config", "network")}
            if place.is_dir()
            else kept
        )
        self.config, self.graph = json.loads(texts["config"]), json.loads(texts["network"])
        if self.config["reader"]:  # of texts
            spec = importlib.util.spec_from_file_location("reader", folder / self.config["reader"])
            self.reader = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(self.reader)

    def __call__(self, **raw):
        found = self.run([self.tensor(one, raw[one["name"]]) for one in self.config["inputs"]])
        return {
            one["name"]: named(one, value.numpy()) for one, value in zip(self.config["outputs"], found, strict=True)
        }

    def tensor(self, one, values):
        if one["kind"] == "tokens":
            return torch.from_numpy(self.reader.encode(values, one["settings"]))
        if one["kind"] != "category":
            return torch.from_numpy(np.array(values, np.uint8 if one["kind"] == "pixels" else np.float64))
        folded = [" ".join(word.split()).casefold() for word in one["words"]]
        counts = Counter(folded)
        others = {word: at for at, word in enumerate(folded) if word and counts[word] == 1}
        known = {word: at for at, word in enumerate(one["words"])}
        return torch.tensor(
            [known.get(word, others.get(" ".join(word.split()).casefold(), -1)) for word in map(str, values)]
        )

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
