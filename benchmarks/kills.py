"""Fits that are killed at random moments and resumed until they end, compared byte for byte with unbroken ones.

    python -m benchmarks kills

A kill is ``SIGKILL`` to the whole process group of a real `dl fit`, at a moment drawn from the length of the unbroken
fit, from the first word to the last. Most fits are forked after the imports; every sixteenth is a program of its own,
so that its start is killed as well. The job with the fewest kills is the next, until there were enough of them, and a
few of each job. What was done is kept after each fit, in ``benchmarks/results/kills.json``, and a further call goes on
from there; `$KILLS` is the number that is asked for, of studies a fifth of it, `$SEED` draws other moments, and `$JOBS`
names the jobs, separated by semicolons. ``tests/program/test_resume.py`` tries all of it in its slow form.
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from PIL import Image

from benchmarks.endings import OF_SEVERAL, differences_below
from benchmarks.measuring import DL, RESULTS, publish, wait_or_kill
from dl.runs.run import Run, is_begun, list_runs

KILLS, SEED = int(os.environ.get("KILLS", "200")), int(os.environ.get("SEED", "0"))
CHOSEN = [name.strip() for name in os.environ.get("JOBS", "").split(";") if name.strip()]
OF_EACH = 5  # kills of each job at least, where as many are asked for
COLD = 16  # every so manyth fit is a program of its own
SLOWER = 1.05  # after each kill: on a machine that has become slower no start would come to its end
BEYOND = 1.1  # of the length of a fit: the last moments are among those drawn
COMMON = ("save_every=0.05", "--accelerator", "cpu", "--json")
MOMENTS = (
    "before run.json",
    "before the first epoch is kept",
    "between two epochs that are kept",
    "after the last epoch is kept",
    "after its end",
)


@dataclass(frozen=True)
class Job:
    """A fit that is killed.

    Args:
        words: Of its verb, without those that all have.
        epochs: So many.
        verb: ``fit``, or a verb of several fits.
        blocks: Whether several steps are taken at once; else each is one of Lightning's.
        rivals: Whether learners are fitted beside the network.
    """

    words: tuple[str, ...]
    epochs: int
    verb: str = "fit"
    blocks: bool = True
    rivals: bool = False

    def line(self, runs: Path) -> list[str]:
        """Return the words of the command line, which begins the job, or goes on with what is in a folder of runs."""
        if self.verb != "fit" and (there := begun(runs)):
            return [self.verb, "--resume", there[0].name, "--json", "--runs", runs.name]
        rivals = {"fit": ["--rivals" if self.rivals else "--no-rivals"], "cv": ["--no-rivals"]}.get(self.verb, [])
        goes_on = ["--devices", "1", "--resume-if-exists"] if self.verb == "fit" else []
        return [self.verb, *self.words, f"epochs={self.epochs}", *rivals, *goes_on, *COMMON, "--runs", runs.name]


def _regs(*pairs: str) -> tuple[str, ...]:
    return tuple(word for pair in pairs for word in ("--reg", pair))


IMAGES: tuple[str, ...] = (
    "vision",
    "digits",
    "--model",
    "convnet",
    "width=4",
    "batch_size=64",
    "linear=no",
    "dropout=0.2",
    "schedule=one-cycle",
)
IMAGES += _regs("augment=light", "mixup=0.2", "early-stopping=off")
TEXTS = (
    "text",
    "valence",
    "--model",
    "lstm",
    "batch_size=256",
    "schedule=cosine",
    *_regs("word-dropout=0.1", "l2=1e-4"),
)
ROWS = (
    "tabular",
    "breast-cancer",
    "batch_size=8",
    "linear=no",
    "dropout=0.3",
    *_regs("noise=0.1", "weight-averaging=0.9"),
)
PHOTOS = ("--model", "resnet", "width=4", "batch_size=8", *_regs("cutmix=1.0", "random-erase=0.5", "early-stopping=4"))
RANKED = ("--target", "taken", "--task", "ranking", "--group-on", "search")
JOBS = {
    "images": Job(IMAGES, 5),
    "images, step by step": Job(IMAGES, 4, blocks=False),
    "a folder of images, batch norm, early stopping": Job(("vision", "photos", *PHOTOS), 6),
    "shards of images": Job(("vision", "shards", *PHOTOS, "shuffle=blocks"), 5),
    "texts": Job(TEXTS, 4),
    "texts, step by step": Job(TEXTS, 3, blocks=False),
    "the next token": Job(("text", "story.txt", "--task", "next-token", "window=40", "batch_size=2"), 4),
    "rows, averaged weights": Job(ROWS, 10),
    "rows, step by step": Job(ROWS, 6, blocks=False),
    "rows in blocks, with rivals": Job((*ROWS, "shuffle=blocks"), 8, rivals=True),
    "two targets": Job(("tabular", "goods.csv", "--target", "price,sold", "batch_size=8"), 6),
    "sequences": Job(("sequence", "digit-rows", "--model", "gru", "batch_size=128", "clip=1.0"), 4),
    "ranking": Job(("tabular", "searches.csv", *RANKED, "batch_size=32", "dropout=0.2"), 6),
    "ranking, step by step": Job(("tabular", "searches.csv", *RANKED, "batch_size=32"), 4, blocks=False),
    "frames": Job(("frames", "films", "--model", "conv-lstm", "width=4", "steps=2", "batch_size=8"), 4),
}
GOODS = ("tabular", "goods.csv", "--target", "sold", "leave_out=price")
FOLDS = (*GOODS, "batch_size=8", "--protocol", "kfold:3", "--final", "refit", *_regs("noise=0.1"))
SWITCHED_OFF = (
    "early-stopping",
    "shrink",
    "l1",
    "max-norm",
    "missing",
    "mixup",
    "noise",
    "label-smoothing",
    "class-weights",
)
OFF = _regs(*(f"{name}=off" for name in SWITCHED_OFF))
STUDIES = {
    "three folds and a refit": Job(FOLDS, 3, "cv"),
    "a tuning": Job((*GOODS, "--trials", "4", "--over", "lr,width"), 4, "tune"),
    "a tuning of folds": Job((*GOODS, "--trials", "3", "--over", "lr,width", "--protocol", "kfold:2"), 3, "tune"),
    "a workflow": Job((*GOODS, "--trials", "2", "--on-leak", "warn", *OFF), 2, "workflow"),
}


@dataclass
class Killed:
    """One fit that was killed, until it ended.

    Args:
        job: Its name.
        number: Of the fit; what is drawn follows from it.
        cold: Whether each start was a program of its own.
        moments: How far it was at each kill.
        lost: What differs from the unbroken fit; empty if nothing does.
    """

    job: str
    number: int
    cold: bool
    moments: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def make_files(root: Path) -> None:
    """Write a story, goods with two targets, photos of two classes, as files and in shards, searches and films."""
    import tarfile

    rng = np.random.default_rng(0)
    story = "".join(f"{' '.join(rng.choice(['a', 'cat', 'sat', 'on'], 6))}.\n" for _ in range(80))
    (root / "story.txt").write_text(story)
    with (root / "goods.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("size", "kind", "price", "sold"))
        for x, e in rng.normal(size=(90, 2)):
            rows.writerow((f"{x:.3f}", "ab"[int(x > 0)], f"{2 * x + e:.3f}", "yes" if x + e > 0 else "no"))
    (root / "shards").mkdir()
    for number in range(80):
        name = "ab"[number % 2]
        path = root / "photos" / name / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 200, (12, 12, 3), np.uint8) + np.uint8(50 * (number % 2))
        Image.fromarray(pixels).save(path)
        label = root / "label.cls"
        label.write_text(name)
        with tarfile.open(root / "shards" / f"part-{number // 40}.tar", "a") as shard:
            shard.add(path, f"{number:02d}.png")
            shard.add(label, f"{number:02d}.cls")
    label.unlink()
    _make_searches(rng, root / "searches.csv")
    _make_films(root / "films")


def _make_searches(rng: np.random.Generator, path: Path) -> None:
    """Write searches of three to seven offers each, of which the cheapest is taken as a rule."""
    with path.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("search", "price", "kind", "taken"))
        for number in range(60):
            prices = rng.uniform(1, 9, rng.integers(3, 8))
            taken = np.argmin(prices + rng.normal(0, 1, len(prices)))
            for k, price in enumerate(prices):
                rows.writerow((f"s{number}", f"{price:.3f}", "ab"[k % 2], int(k == taken)))


def _make_films(folder: Path) -> None:
    """Write films of a bright bar that moves a column to the right with each frame."""
    for film, number in np.ndindex(16, 6):
        frame = np.zeros((8, 8), np.uint8)
        frame[:, (film + number) % 8] = 250
        path = folder / f"film{film:02d}" / f"frame_{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(frame).save(path)


class Starter:
    """Starts a job, forked or as a program of its own, and kills it.

    Args:
        root: Folder of the data, in which all runs lie.
        job: Is started.
        cold: Whether as a program of its own.
    """

    def __init__(self, root: Path, job: Job, *, cold: bool) -> None:
        self.root, self.job, self.cold = root, job, cold and job.blocks

    def start(self, runs: str, most: float = float("inf")) -> int | None:
        """Run the job for so many seconds, then kill it and its children; its exit code, None if it was killed."""
        pid = self._spawned(runs) if self.cold else self._forked(runs)
        return wait_or_kill(pid, most, os.killpg)

    def said(self, runs: str) -> str:
        """Return what the last start of a job printed."""
        return (self.root / f"{runs}.txt").read_text(errors="replace")

    def _spawned(self, runs: str) -> int:
        with (self.root / f"{runs}.txt").open("w") as stream:
            words = [str(DL), *self.job.line(self.root / runs)]
            given = {**os.environ, "OMP_NUM_THREADS": "1"}
            process = subprocess.Popen(
                words, cwd=self.root, stdout=stream, stderr=stream, env=given, start_new_session=True
            )
        process.returncode = 0  # this class waits for it
        return process.pid

    def _forked(self, runs: str) -> int:
        pid = os.fork()
        if pid:
            with suppress(PermissionError, ProcessLookupError):
                os.setpgid(pid, pid)
            return pid
        self._work(runs)

    def _work(self, runs: str) -> NoReturn:
        """Be the process of a job."""
        code = 99
        try:
            os.setpgid(0, 0)
            os.chdir(self.root)
            if not self.job.blocks:
                from dl.training.devices import Devices

                Devices.supports_blocks = property(lambda self: False)  # type: ignore[assignment, method-assign]
            if self.job.verb == "workflow":
                from dl.stages import final

                final.CHEAP = float("inf")  # else the clock decides what is compared at the end
            from dl.cli.main import run

            with Path(f"{runs}.txt").open("w") as told, redirect_stdout(told), redirect_stderr(told):
                code = run(self.job.line(Path(runs)))
        finally:
            os._exit(code)


def status(run: Run) -> str:
    """Return the status of a run, a study or a workflow."""
    for name in OF_SEVERAL:
        if (run.path / name).exists():
            return str(json.loads((run.path / name).read_bytes())["status"])
    return run.manifest.status


def begun(root: Path) -> list[Run]:
    """Return what was begun in a folder of runs."""
    return [run for run in list_runs(root) if is_begun(run.path)]


def moment(root: Path, job: Job) -> str:
    """Return how far a job was that was killed, as the files in its folder of runs tell."""
    runs = begun(root)
    if not runs:
        return MOMENTS[0]
    if status(runs[0]) == "finished":
        return MOMENTS[4]
    if job.verb != "fit":
        return MOMENTS[2]
    kept = runs[0].manifest.epochs
    return MOMENTS[1 if not kept else 2 if kept < job.epochs else 3]


def kill(starter: Starter, whole: Run, length: float, number: int, name: str) -> Killed:
    """Kill a job at random moments until it ends, and compare it with the unbroken one."""
    root, draw = starter.root / f"broken-{starter.job.verb}-{number}", random.Random(number + (SEED << 32))
    killed = Killed(name, number, starter.cold)
    while (code := starter.start(root.name, draw.uniform(0, BEYOND * length))) is None:
        killed.moments.append(moment(root, starter.job))
        length *= SLOWER
        if starter.job.verb != "fit" and killed.moments[-1] == MOMENTS[4]:
            code = 0  # the others refuse to go on with what has ended
            break
    if code:
        return _lost(killed, f"exit code {code}: {starter.said(root.name)[-500:]}")
    runs = begun(root)
    if [status(run) for run in runs] != ["finished"]:
        return _lost(killed, f"{[status(run) for run in runs]} are kept, not one that has ended")
    killed.lost += differences_below(whole.path, runs[0].path)
    return killed


def _lost(killed: Killed, why: str) -> Killed:
    killed.lost.append(why)
    return killed


def tries(root: Path, done: list[Killed], kills: int, jobs: dict[str, Job]) -> Iterator[Killed]:
    """Kill the job with the fewest kills until there were so many kills, and a few of each job; those before count."""
    wholes: dict[tuple[str, bool], tuple[Run, float]] = {}
    number, of = max((one.number for one in done), default=-1) + 1, dict.fromkeys(jobs, 0)
    for one in done:
        if one.job in of:
            of[one.job] += len(one.moments)
    while sum(of.values()) < kills or min(of.values()) < min(OF_EACH, kills // len(jobs)):
        name = min(of, key=of.__getitem__)
        job = jobs[name]
        starter = Starter(root, job, cold=job.verb == "fit" and number % COLD == COLD - 1)
        key = name, starter.cold
        if key not in wholes:
            wholes[key] = unbroken(starter, f"whole-{job.verb}-{number}")
        killed = kill(starter, *wholes[key], number, name)
        yield killed
        number, of[name] = number + 1, of[name] + len(killed.moments)


def unbroken(starter: Starter, runs: str) -> tuple[Run, float]:
    """Fit a job without a kill; its run and the seconds.

    Raises:
        RuntimeError: If it does not end well.
    """
    began = time.monotonic()
    if starter.start(runs):
        raise RuntimeError(starter.said(runs))
    (run,) = begun(starter.root / runs)
    return run, time.monotonic() - began


def rows(done: list[Killed]) -> list[dict[str, object]]:
    """Return the table: for each job the fits, the kills, and what was lost."""
    found: list[dict[str, object]] = []
    for name in [*dict.fromkeys(one.job for one in done), "all"]:
        of = [one for one in done if name in (one.job, "all")]
        lost = sum(bool(one.lost) for one in of)
        kills = sum(len(one.moments) for one in of)
        found.append({"job": name, "fits": len(of), "kills": kills, "survived": len(of) - lost, "lost": lost})
    return found


def warm() -> None:
    """Import what a fit imports, once for all that are forked."""
    from dl.plugins.loading import load_plugins

    load_plugins()
    for name in ("dl.cli.fit", "dl.training.run_fit", "dl.learners.fit_rivals", "dl_reports.report"):
        import_module(name)


def main() -> None:
    """Go on with the kills that are kept, print and keep the tables: of fits, and of folds, tunings and workflows."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        os.environ |= {"DL_CACHE": str(root / "cache"), "DL_RIVALS": "no"}
        make_files(root)
        warm()
        for name, every, kills in (("kills", JOBS, KILLS), ("kills-studies", STUDIES, KILLS // 5)):
            jobs = {job: one for job, one in every.items() if not CHOSEN or job in CHOSEN}
            kept = RESULTS / f"{name}.json"
            done = [Killed(**one) for one in json.loads(kept.read_text())["tried"]] if kept.exists() else []
            for killed in tries(root, done, kills, jobs) if jobs else ():
                done.append(killed)
                keep(name, done)
                print(f"{killed.number}: {killed.job}, {len(killed.moments)} kills", *killed.lost[:3], flush=True)


def keep(name: str, done: list[Killed]) -> None:
    """Print and keep the table."""
    moments = Counter(moment for one in done for moment in one.moments)
    note = "; ".join(f"{name}: {moments[name]}" for name in MOMENTS)
    title = "killed at random moments and resumed"
    publish(name, title, rows(done), note, tried=[asdict(one) for one in done])
