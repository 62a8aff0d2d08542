"""Two small runs, of images and of a table, and a service in a process of its own."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np
import pytest

import dl


@pytest.fixture(scope="session")
def served_runs(tmp_path_factory, one_thread):
    """A folder of two runs: 1 tells dark images from light ones, 2 tells small numbers from large ones."""
    folder = tmp_path_factory.mktemp("served")
    generator = np.random.default_rng(0)
    labels = np.arange(60) % 2
    images = generator.integers(0, 100, (60, 8, 8), dtype=np.uint8) + (155 * labels).astype(np.uint8)[:, None, None]
    words = np.where(labels == 1, "light", "dark")
    dl.fit("vision", (images, words), model="dense", width=8, epochs=2, runs=folder / "runs")
    lines = [f"{number + 10 * label:.3f},{label}" for number, label in zip(generator.random(60), labels, strict=True)]
    (folder / "sizes.csv").write_text("size,label\n" + "\n".join(lines) + "\n")
    dl.fit("tabular", str(folder / "sizes.csv"), target="label", task="multiclass", epochs=2, runs=folder / "runs")
    return folder / "runs"


@contextmanager
def running(log, *words, timeout=60):
    """A client of a service in a process of its own, and the process; what it prints to stderr goes to a file."""
    command = [str(Path(sys.executable).parent / "dl"), "serve", *words, "--port", "0", "--timeout", str(timeout)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with log.open("w") as stderr:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment)
    address = process.stdout.readline().strip()
    try:
        with httpx2.Client(base_url=address, timeout=30) as client:
            yield client, process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="session")
def start_service():
    """Starts a service with the words of a command line."""
    return running


@pytest.fixture(scope="session")
def service_log(tmp_path_factory):
    """The file of what the service prints to stderr."""
    return tmp_path_factory.mktemp("log") / "service.log"


@pytest.fixture(scope="session")
def service(served_runs, service_log):
    """A client of a service that serves both runs, and its process."""
    limits = ("--max-bytes", "100000", "--max-pixels", "10000", "--max-rows", "50")
    with running(service_log, "images=1", "sizes=2", "--runs", str(served_runs), *limits, timeout=2) as started:
        yield started
