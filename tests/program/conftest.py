"""What the tests of the whole program share: folders of small images, and ``dl`` in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache folder of the test's own."""
    monkeypatch.setenv("DL_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def images(tmp_path):
    """A function that makes a folder of two classes of grey noise, one darker: images(n=20, size=4, name="shades")."""

    def make(n=20, size=4, name="shades"):
        rng = np.random.default_rng(0)
        for number in range(n):
            label = ("dark", "light")[number % 2]
            (tmp_path / name / label).mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 160, (size, size), dtype=np.uint8) + 90 * (label == "light")
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name / label / f"{number:03d}.png")
        return tmp_path / name

    return make


@pytest.fixture
def dl_process(tmp_path):
    """A function that starts ``dl`` in a process of its own: dl_process("ls", ...) gives a Popen."""
    script = str(Path(sys.executable).parent / "dl")

    started = []

    def start(*words):
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
        process = subprocess.Popen(
            [script, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=environment,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
