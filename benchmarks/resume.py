"""What a kill costs, and what saving the state costs: a dense net on the digits of MNIST, one thread, in turn.

A fit in a process of its own is killed in the middle and resumed in another. The time lost is that of both, less that
of an unbroken fit and less the work between the last save and the kill, which is repeated. Asked for: at most 6 s.
Saving is measured on the time of the steps: a save as often as it may be, at 2 % of the time, against none.
"""

import os
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import torch

import dl
from benchmarks.measuring import DL, in_turn, publish, ratios

ROUNDS, EPOCHS = 5, 6
FIT = ("fit", "vision", "mnist", "--model", "dense", "--recipe", "book-dense", "--no-rivals", "--accelerator", "cpu")
OFTEN, NEVER = 1e-3, 1e9  # seconds between two saves: as often as 2 % of the time allow, and none


def timed(*words: str, folder: Path) -> float:
    """Return the seconds of a command."""
    started = time.perf_counter()
    subprocess.run([str(DL), *words], cwd=folder, check=True, capture_output=True, env=one_thread())
    return time.perf_counter() - started


def one_thread() -> dict[str, str]:
    """Return the environment of a process with one thread."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def killed(folder: Path) -> tuple[float, float]:
    """Kill a fit in its middle epoch; return how long it ran, and how long before the kill its state was saved."""
    started, words = time.perf_counter(), (str(DL), *FIT, f"epochs={EPOCHS}")
    process = subprocess.Popen(
        words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=one_thread()
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(f"{EPOCHS // 2}/"):
            break
    time.sleep(1.0)
    process.send_signal(signal.SIGKILL)
    process.wait()
    ran, now = time.perf_counter() - started, time.time()
    newest = max(path.stat().st_mtime for path in folder.glob("runs/*/checkpoints/*.ckpt"))
    return ran, now - newest


def lost() -> dict[str, float]:
    """Return the seconds of a fit, of one that was killed and resumed, and what was lost."""
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as broken:
        unbroken = timed(*FIT, f"epochs={EPOCHS}", folder=Path(whole))
        ran, repeated = killed(Path(broken))
        again = timed("fit", "--resume", folder=Path(broken))
    return {"unbroken": unbroken, "repeated": repeated, "lost": ran + again - unbroken - repeated}


def training(save_every: float) -> float:
    """Return the seconds of all epochs but the first of a fit with this time between saves."""
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit(
            "vision",
            "mnist",
            model="dense",
            recipe="book-dense",
            runs=folder,
            epochs=4,
            save_every=save_every,
            rivals=False,
        )
        return sum(row["train_seconds"] for row in run.history.rows[1:])


def main() -> None:
    """Print and keep the tables."""
    found = [lost() for _ in range(ROUNDS)]
    rows: list[dict[str, object]] = [
        {
            "what": name,
            "seconds": statistics.median(one[name] for one in found),
            "range": f"{min(one[name] for one in found):.1f}-{max(one[name] for one in found):.1f}",
        }
        for name in found[0]
    ]
    publish("resume", "a fit that is killed and resumed, median of the rounds", rows)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    kept = in_turn({"no save": lambda: training(NEVER), "saved often": lambda: training(OFTEN)}, ROUNDS)
    torch.set_num_threads(threads)
    shown = ratios(kept, "no save")
    costs: list[dict[str, object]] = [
        {"steps": name, "seconds": min(kept[name]), "of no save": ratio} for name, ratio in shown.items()
    ]
    publish("resume-saves", "steps of an epoch, by how often the state is saved", costs)
