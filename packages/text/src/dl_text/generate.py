"""Continue texts with a language model that dl exported; needs load.py beside it, torch and numpy alone.

python generate.py "Once upon a time" 200            # tokens
"""
# ruff: noqa: ANN001, ANN201, D103
# mypy: ignore-errors

import sys
from pathlib import Path

import torch

FIRST = 2  # the id of the first token: 0 is padding, 1 is unknown


def generate(network, prompt="", tokens=200, temperature=0.8, seed=0):  # as dl predict draws, token by token
    settings, code = network.config["inputs"][0]["settings"], network.code
    start, longest = settings["start"], settings["max_len"]
    read = code["encode"]([prompt], {**settings, "max_len": 0})[0, 1:].tolist()
    generator, drawn = torch.Generator().manual_seed(seed), []
    for _ in range(tokens):
        row = torch.tensor([[start, *(read + drawn)[-longest:]]])
        probabilities, likeliest = code["run"](network.graph, network.weights, [row])
        if temperature == 0:
            drawn.append(FIRST + int(likeliest[0]))
            continue
        below = probabilities[0].double().log() - probabilities.double().log().max()
        shares = torch.zeros(start + 1, dtype=torch.float64)  # of every id, so that a seed draws as in dl
        shares[FIRST:start] = torch.where(below == 0, 0.0, below / temperature).softmax(dim=0)
        drawn.append(int(torch.multinomial(shares, 1, generator=generator)))
    return code["decode"](read + drawn, settings)[len(code["decode"](read, settings)) :]


if __name__ == "__main__":
    from load import Network

    given, count = (*sys.argv[1:], "200")[0], int((*sys.argv[2:], "200")[0])
    print(given + generate(Network(Path(__file__).parent), given, count))
