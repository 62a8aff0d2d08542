"""An exception, a kill or an exit on one of two devices, anywhere in a fit."""

from __future__ import annotations

from pathlib import Path

from benchmarks.attempt import LONG, Place, Rng, Rows, epochs_of, wait_for

WITHIN = 30.0  # seconds after a fault in which all ranks have ended
CODES = (1, 2, 3, 4, 129, 130, 143)
RAISES = """
import os, signal
from dl.hookspecs import hookimpl
from dl.specs import DatasetSpec, RegularizerSpec

WHERE, WHEN, RANK, WHAT = os.environ["RAISES"].split("|")
asked = []

def now(where):
    if where != WHERE or os.environ.get("LOCAL_RANK", "") != RANK:
        return
    asked.append(1)
    if len(asked) == int(WHEN):
        if WHAT == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if WHAT == "left":
            os._exit(7)
        raise eval(WHAT)

now("import")

def build(options, task):
    from dl.regularizer import Regularizer

    def network(built):
        built.register_forward_hook(lambda module, *_: now("forward" if module.training else "validation"))

    def loss(of_task):
        def changed(*given, **named):
            now("loss")
            return of_task(*given, **named)
        return changed

    def batch(given, generator):
        now("batch")
        return given

    return Regularizer(network=network, loss=loss, batch=batch, after_step=lambda _: now("step"))

def load(options):
    import numpy as np
    from dl.data.examples import Dataset, Examples
    now("reading")
    images = np.random.default_rng(0).integers(0, 255, (64, 1, 4, 4), dtype=np.uint8)
    return Dataset("noise", Examples(images, np.arange(64) % 2, np.arange(64), ("even", "odd")))

@hookimpl
def register_regularizers():
    now("register")
    return [RegularizerSpec("raises", "training", "fails on one device", build)]

@hookimpl
def register_datasets():
    return [DatasetSpec("noise", "vision", "of an attempt", load)]
"""
WHERES = ("import", "register", "reading", "forward", "validation", "loss", "batch", "step")
WHATS = (
    "ZeroDivisionError('only here')",
    "RuntimeError('Connection closed by peer')",
    "TimeoutError('timed out')",
    "SystemExit(0)",
    "SystemExit(3)",
    "KeyboardInterrupt()",
    "MemoryError()",
    "GeneratorExit()",
    "killed",
    "left",
)


def ranks(rng: Rng, place: Place, _wanted: Rows) -> str:
    """Raise something on one of two devices; return what and where."""
    where, what, rank = str(rng.choice(WHERES)), str(rng.choice(WHATS)), int(rng.integers(2))
    when = int(rng.integers(1, 2 if where in ("import", "register", "reading") else 12))
    site(place.folder / "site", RAISES)
    env = {"RAISES": f"{where}|{when}|{rank}|{what}", "PYTHONPATH": str(place.folder / "site"), "DL_CONFIG": "config"}
    words = ("fit", "vision", "noise", "--model", "dense", "width=8", "batch_size=4", "--accelerator", "cpu")
    process = place.dl(*words, "--devices", "2", f"epochs={LONG}", "--reg", "raises", "--runs", "runs", env=env)
    wait_for(lambda: process.poll() is not None or epochs_of(place) >= 3)
    code = place.end(process, WITHIN)
    _, said = place.said(process)
    told = f"{where} {when}, rank {rank}: {what}"
    place.need(code in CODES, f"{told}: exit code {code}: {said[-800:]}")
    place.need(said.count("Traceback (most recent call last)") <= 1, f"{told}: tracebacks: {said[-3000:]}")
    if code in (1, 4) and where not in ("import", "register"):
        named = [line for line in said.splitlines() if f"rank {rank} (process" in line]
        place.need(len(named) == 1, f"{told}: {len(named)} lines name the rank: {said[-800:]}")
    for path in (*place.folder.glob("*.stderr"),):  # the network's own traceback is to be seen
        path.write_text(said.replace("Traceback (most", "traceback (most"))
    return f"{where}: {what.partition('(')[0]}"


def site(folder: Path, source: str) -> None:
    """Install a plugin of this source into a folder."""
    info = folder / "dist_raises-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "plugin_raises.py").write_text(source)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dist-raises\nVersion: 1.0\n\n")
    (info / "entry_points.txt").write_text("[dl]\nraises = plugin_raises\n")
    (info / "RECORD").write_text("plugin_raises.py,,\n")
