"""Predict with a network that dl exported; needs torch and numpy alone, and reads no pickle.

    network = Network(".")                      # the folder of this file
    network(image=pixels)["answer"]             # one array for each input, by its name: see config.json
"""

import importlib.util
import json
import math
import operator
import sys
from pathlib import Path

import numpy as np
import torch

KINDS = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "u1", "BOOL": "?"}


def read_weights(path):
    """Read a file of safetensors: a header in JSON, then the bytes of each tensor. Return tensors and metadata."""
    content = Path(path).read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    metadata, found = header.pop("__metadata__", {}), {}
    for name, one in header.items():
        first, end = one["data_offsets"]
        values = np.frombuffer(content[begin + first : begin + end], KINDS[one["dtype"]]).reshape(one["shape"])
        found[name] = torch.from_numpy(values.copy())
    return found, metadata


class Network:
    """A network from raw inputs to a dictionary of probabilities or values, and answers by name."""

    def __init__(self, place):
        place = Path(place)
        single = place.is_file()
        self.weights, kept = read_weights(place if single else place / "model.safetensors")
        texts = kept if single else {one: (place / f"{one}.json").read_text("utf-8") for one in ("config", "network")}
        self.config, self.graph = (json.loads(texts[one]) for one in ("config", "network"))
        reader = (place.parent if single else place) / self.config["reader"]
        self.encode = _import(reader).encode if self.config["reader"] else None

    def __call__(self, **raw):
        """Predict N inputs."""
        tensors = [self.tensor(one, raw[one["name"]]) for one in self.config["inputs"]]
        with torch.no_grad():
            found = [one.numpy() for one in self.run(tensors)]
        return {one["name"]: self.named(one, value) for one, value in zip(self.config["outputs"], found, strict=True)}

    def tensor(self, one, values):
        """Turn the raw values of one input into a tensor."""
        if one["kind"] == "tokens":
            return torch.from_numpy(self.encode(values, one["settings"]))
        if one["kind"] == "category":
            known = {word: at for at, word in enumerate(one["words"])}
            folded = [" ".join(word.split()).casefold() for word in one["words"]]
            alone = {word: at for at, word in enumerate(folded) if word and folded.count(word) == 1}
            numbers = [known.get(word, alone.get(" ".join(word.split()).casefold(), -1)) for word in map(str, values)]
            return torch.tensor(numbers, dtype=torch.int64)
        return torch.from_numpy(np.array(values, np.uint8 if one["kind"] == "pixels" else np.float64))

    def run(self, tensors):
        """Call the steps of the network one by one."""
        kept = dict(zip(self.graph["inputs"], tensors, strict=True))
        kept |= {name: self.weights[key] for name, key in self.graph["weights"].items()}
        for name, function, values, named in self.graph["steps"]:
            kept[name] = _find(function)(*_value(values, kept), **_value(named, kept))
        return [kept[name] for name in self.graph["outputs"]]

    @staticmethod
    def named(one, values):
        """Name the class of each answer; numbers, and yes or no for each label, stay as they are."""
        return np.array(one["names"], object)[values] if one["kind"] == "answer" and values.ndim == 1 else values


def _value(value, kept):
    if isinstance(value, list):
        return [_value(one, kept) for one in value]
    if not isinstance(value, dict):
        return value
    kind, key = next(iter(value.items()), ("", ""))
    read = {"of": kept.get, "dtype": lambda name: getattr(torch, name), "device": torch.device, "float": float}
    one_key = len(value) == 1 and kind in read and isinstance(key, str)
    return read[kind](key) if one_key else {name: _value(one, kept) for name, one in value.items()}


def _find(name):
    """Return the function of torch, or of Python's operators, of a name."""
    home, *rest = name.split(".")
    found = {"operator": operator, "torch": torch, "math": math}.get(home) or getattr(torch.ops, home)
    for word in rest:
        found = getattr(found, word)
    return found


def _import(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    network = Network(Path(__file__).parent)
    print(json.dumps({name: value.tolist() for name, value in network(**json.load(sys.stdin)).items()}))
