"""Fits of every domain, cut off and resumed, end with the bytes of those that were not; real processes are killed."""

import os
import random
import sys
import time
import warnings
from multiprocessing import get_context

import numpy as np
import pytest
from PIL import Image

import dl
from dl.cli.main import run
from dl.plugins.loading import load_plugins
from dl.runs.run import list_runs
from dl.training import batches
from dl.training.devices import Devices
from tests.cutting import same

GAN = """
import torch
from torch import nn
from torch.nn import functional as F

class Gan(nn.Module):
    def __init__(self, shape, outputs):
        super().__init__()
        self.critic = nn.Sequential(nn.Flatten(), nn.LazyLinear(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, outputs))
        self.generator = nn.Linear(4, shape[0] * shape[1] * shape[2])
        self.shape = shape

    def forward(self, images):
        return self.critic(images)

def optimizers(gan):
    return [torch.optim.Adam(part.parameters(), 1e-3) for part in (gan.critic, gan.generator)]

def training_step(gan, batch, of_critic, of_generator):
    drawn = gan.generator(torch.randn(len(batch.targets), 4)).reshape(-1, *gan.shape)
    named = F.cross_entropy(gan.critic(batch.inputs), batch.targets) - gan.critic(drawn.detach()).pow(2).mean() * 1e-3
    of_critic.zero_grad()
    named.backward()
    of_critic.step()
    of_generator.zero_grad()
    gan.critic(drawn).pow(2).mean().backward()
    of_generator.step()
    return named.detach()
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Small files of several kinds: a story, goods with two targets, photos in colours, lines of bars, a network."""
    root, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    (root / "story.txt").write_text(
        "".join(f"{' '.join(rng.choice(['a', 'cat', 'sat', 'on'], 6))}.\n" for _ in range(80))
    )
    (root / "gan.py").write_text(GAN)
    rows = [
        f"{x:.3f},{'ab'[int(x > 0)]},{2 * x + e:.3f},{'yes' if x + e > 0 else 'no'}"
        for x, e in rng.normal(size=(90, 2))
    ]
    (root / "goods.csv").write_text("\n".join(["size,kind,price,sold", *rows]) + "\n")
    for number in range(60):
        (root / "photos" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 200, (12, 12, 3), np.uint8) + np.uint8(50 * (number % 2))
        Image.fromarray(pixels).save(root / "photos" / "ab"[number % 2] / f"{number}.png")
    lines = ["file,text"]
    (root / "lines").mkdir()
    for number in range(60):
        word = "".join(rng.choice(["a", "b"], rng.integers(2, 5)))
        image = np.zeros((16, 16 * len(word)), np.uint8)
        for place, letter in enumerate(word):
            image[2:14, 16 * place + 4 : 16 * place + (7 if letter == "a" else 12)] = 255
        Image.fromarray(image).save(root / "lines" / f"{number}.png")
        lines.append(f"{number}.png,{word}")
    (root / "lines" / "lines.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="module")
def plugins():
    """The installed plugins, loaded once."""
    return load_plugins()


CASES = {
    "images": ("vision", "digits", {"reg": {"augment": "light"}, "width": 4, "batch_size": 128}),
    "images-linear": (
        "vision",
        "digits",
        {"model": "convnet", "linear": True, "width": 4, "schedule": "one-cycle", "batch_size": 128},
    ),
    "batch-norm": (
        "vision",
        "photos",
        {"model": "resnet", "batch_size": 8, "width": 4, "reg": {"cutmix": 1.0, "random-erase": 0.5}},
    ),
    "body": ("vision", "photos", {"model": "efficientnet-lite0", "batch_size": 8, "size": 32, "side": 32}),
    "thawed": (
        "vision",
        "photos",
        {"model": "efficientnet-lite0", "batch_size": 8, "size": 32, "side": 32, "unfreeze": 1},
    ),
    "own-step": ("vision", "digits", {"model": "gan.py:Gan", "batch_size": 128}),
    "text": ("text", "valence", {"model": "lstm", "reg": {"word-dropout": 0.1}, "batch_size": 512}),
    "next-token": ("text", "story.txt", {"task": "next-token", "window": 40, "batch_size": 2}),
    "table": ("tabular", "breast-cancer", {"reg": {"missing": 0.1, "weight-averaging": 0.9}}),
    "windows": ("tabular", "breast-cancer", {"shuffle": "blocks"}),
    "windows-text": ("text", "valence", {"model": "lstm", "shuffle": "blocks", "batch_size": 128}),
    "heads": ("tabular", "goods.csv", {"target": "price,sold", "batch_size": 8}),
    "sequence": ("sequence", "digit-rows", {"model": "gru", "batch_size": 128}),
    "forecast": ("sequence", "seattle-weather", {"batch_size": 128}),
    "ctc": ("vision", "lines/lines.csv", {"task": "ctc", "line_height": 16, "batch_size": 8}),
    "reconstruction": ("vision", "photos", {"task": "reconstruction", "batch_size": 8}),
}


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_a_fit_of_each_domain_ends_alike(case, blocks, files, plugins, cut_and_resumed, monkeypatch):
    domain, data, choices = CASES[case]
    if not blocks:
        monkeypatch.setattr(Devices, "supports_blocks", property(lambda self: False))
        if case == "own-step":
            pytest.skip("a training step of one's own is taken in blocks alone")
    monkeypatch.chdir(files)
    for name, value in {"BLOCK": 1 << 11, "WINDOW": 4, "POOLS": 1, "POOL": 4}.items():
        monkeypatch.setattr(batches, name, value)
    given = {
        "epochs": 2,
        "save_every": 0,
        "devices": Devices("cpu", "1"),
        "plugins": plugins,
        "batch_size": 16,
        **choices,
    }
    cuts = [("step", 2), ("step", 4), ("validation", 1), ("kept", 2)]
    whole, _ = cut_and_resumed(
        lambda runs: dl.fit(domain, data, runs=runs, **given), cuts, saved=(1, 3), plugins=plugins
    )
    assert len(whole.history) == 2


KILLS = int(os.environ.get("KILLS", "200"))  # fewer where it is tried
JOB = ("fit", "tabular", "breast-cancer", "epochs=12", "batch_size=8", "linear=no", "save_every=0.05", "--no-rivals")
JOB += (
    "dropout=0.3",
    "--reg",
    "noise=0.1",
    "--reg",
    "weight-averaging=0.9",
    "--accelerator",
    "cpu",
    "--json",
    "--resume-if-exists",
)


def job(runs):
    """Run the job in this process, and end with its exit code."""
    warnings.simplefilter("ignore")  # a plugin that is slow to load is no fault of a run
    sys.stdout = sys.stderr = (runs.parent / f"{runs.name}.txt").open("w")
    os._exit(run([*JOB, "--runs", str(runs)]))


@pytest.mark.slow
def test_a_job_that_is_killed_two_hundred_times_and_started_again_ends_alike(tmp_path, one_thread):
    def start(name):
        process = get_context("fork").Process(target=job, args=(tmp_path / name,))
        process.start()
        return process

    began = time.monotonic()
    process = start("whole")
    process.join()
    longest, kills, draw = time.monotonic() - began, 0, random.Random(0)
    (whole,) = list_runs(tmp_path / "whole")
    while kills < KILLS:
        process = start(f"broken-{kills}")
        name = f"broken-{kills}"
        while process.exitcode != 0:
            process.join(draw.uniform(0, longest))
            if process.exitcode is None:
                process.kill()
                process.join()
                kills += 1
                process = start(name)
            assert process.exitcode in (None, 0), (tmp_path / f"{name}.txt").read_text()
        finished = [one for one in list_runs(tmp_path / name) if one.status == "finished"]
        assert len(finished) == 1
        same(whole, finished[0])
