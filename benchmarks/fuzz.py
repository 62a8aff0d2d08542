"""Bad input drawn at random, given to the command line: an exit code of the table, one line, no traceback, no hang.

    python -m benchmarks fuzz

Every input is made from its own number: a damaged table, image, text or shard, an option with a value that nobody
typed before, a run in the wrong place, a damaged file of a study. `$SEED` draws others, and `$INPUTS` is how many; what
is found is printed with its number, and ``SEED=1 ONLY=417 python -m benchmarks fuzz`` tries one alone.
``tests/program/test_fuzz.py`` tries a few, and gives the command line what was thought of by hand as well.
"""

from __future__ import annotations

import ctypes
import io
import os
import resource
import shutil
import struct
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch

from benchmarks.bad_files import bad_images, bad_shards, bad_table, bad_texts, flipped
from benchmarks.measuring import publish, wait_or_kill

SEED, INPUTS, ONLY = (
    int(os.environ.get(name, given)) for name, given in (("SEED", "1"), ("INPUTS", "700"), ("ONLY", "-1"))
)
CODES = (0, 1, 2, 3, 4, 130, 143)
LONGEST = 90  # seconds after which an input counts as one that hangs
SHORT = ("epochs=1", "--accelerator", "cpu", "--devices", "1", "--no-rivals")
CAPABILITIES = 0x20080522  # of Linux, third version
Words = list[str]
Rng = np.random.Generator


@dataclass(frozen=True)
class Answer:
    """What the command line answered.

    Args:
        code: Its exit code; None if it hung.
        out: Of stdout.
        err: Of stderr.
    """

    code: int | None
    out: str
    err: str

    def fault(self, *, raw: bool = False) -> str:
        """Return what is wrong with it; empty for nothing.

        Args:
            raw: Whether stdout holds data as it is, which may have any character.
        """
        if self.code is None:
            return f"no answer in {LONGEST} s"
        if self.code not in CODES or "Traceback" in self.out + self.err:
            return f"{self.code}: {self.err[-3000:]}"
        if self.code in (2, 3, 4):
            told = [line for line in self.err.splitlines() if line.startswith("dl: ")]
            if not told or self.err.splitlines()[-1] != told[-1]:
                return f"no line of dl: {self.err[-300:]!r}"
        if "DL_PLUGINS=-" in self.err:
            return f"a plugin of dl is blamed: {self.err[-300:]!r}"
        acting = [c for c in (self.err if raw else self.out + self.err) if _acts(c)]
        return f"characters that act: {acting[:5]}" if acting else ""


def _acts(c: str) -> bool:
    return not c.isprintable() and c != "\n" and not "\udc80" <= c <= "\udcff"


STRANGE = (
    *("", " ", "0", "-1", "-0.0", "nan", "inf", "1e400", "1e-400", "9" * 40, "0x10", "1_0", "١", "None", "true", "[]"),
    *("{}", "a,b", "last", "1", "2", "99", "../..", "/", ".", "~", "a=b", "=", "-", "--", "%s", "\x1b[31m", "\u202e"),
    *("é", "\udcff", "a" * 300, "*", "$HOME", "best", "label", "size", "dense", "vision", "kfold:0", "kfold:1e9"),
    *("20m", "-5m", "0s", "1h1h", "1:2:3:4:5", "99999999d", "http://", "http://[", "ftp://a", "http://127.0.0.1:9/x"),
    *("file:///etc/passwd", "issue", "onnx", "folder", "l2=nan", "dropout=2", "augment=x", "noise=-1", "mixup=inf"),
    *("accuracy>", "status=finished and", "(((", "not not not", "date<2026-13-45", "lr>nan", "a" + "(" * 3000),
)
OPTIONS: tuple[str, ...] = (
    "epochs",
    "lr",
    "batch_size",
    "width",
    "val",
    "dropout",
    "schedule",
    "optimizer",
    "probe",
    "monitor",
    "clip",
)
OPTIONS += ("momentum", "save_every", "shuffle", "loss", "weights", "threshold", "protocol", "fold", "nothing", "probe")
FLAGS: tuple[str, ...] = (
    "--model",
    "--recipe",
    "--reg",
    "--from",
    "--logger",
    "--input",
    "--target",
    "--group-on",
    "--time-on",
)
FLAGS += ("--sequence-on", "--stratify-on", "--on-leak", "--encoding", "--data-dir", "--task", "--seed", "--devices")
FLAGS += ("--strategy", "--precision", "--num-nodes", "--max-time", "--notify", "--accelerator")
OF_VERBS = {
    "cv": ("--protocol", "--jobs", "--resume", "--final", "--max-time"),
    "tune": ("--trials", "--max-time", "--sampler", "--over", "--jobs", "--storage", "--study", "--resume"),
    "workflow": ("--max-time", "--trials", "--on-leak", "--resume"),
    "curve": ("--over", "--max-time", "--resume"),
    "overfit": ("--max-time", "--resume"),
    "baseline": ("--task", "--target", "--max-time"),
    "check": ("--against", "--fail-on", "--ignore", "--target", "--max-time"),
}
OF_RUNS = {
    "report": ("--fail-on", "--ignore", "--html", "--json", "--md"),
    "test": ("--again", "--json"),
    "predict": (
        "--text",
        "--tokens",
        "--temperature",
        "--beam",
        "--ahead",
        "--csv",
        "--json",
        "--features",
        "--strict",
    ),
    "export": ("--to", "--out", "--licence", "--force"),
    "tag": ("--remove", "--json"),
    "note": ("--json",),
    "rm": ("--where", "--yes", "--force"),
    "status": ("--json",),
    "stop": (),
    "show": ("--on", "--project", "--html", "--sample", "--map"),
    "doctor": ("--json",),
    "compare": ("--json",),
    "ls": ("--where", "--sort", "--tag", "--limit", "--json"),
    "explain": ("--json",),
    "board": ("--out", "--reports", "--port"),
}
SWITCHES = ("--json", "--md", "--again", "--csv", "--features", "--strict", "--force", "--remove", "--yes", "--map")


def _pick(rng: Rng, values: tuple[str, ...]) -> str:
    return str(values[int(rng.integers(len(values)))])


def _flags(rng: Rng, flags: tuple[str, ...], most: int = 2) -> Words:
    """Draw some flags, each with a value that nobody typed before."""
    if not flags:
        return []
    names = [_pick(rng, flags) for _ in range(int(rng.integers(1, most + 1)))]
    return [word for name in names for word in ([name] if name in SWITCHES else [name, _pick(rng, STRANGE)])]


def tables(rng: Rng, here: Path) -> Words:
    """Damage a table and give it to a verb."""
    path = bad_table(rng, here)
    verbs: list[Words] = [
        ["check", "tabular", path],
        ["show", path],
        ["predict", "1", path, *(["--json"] if rng.random() < 0.5 else [])],
        ["baseline", "tabular", path],
        ["fit", "tabular", path, *SHORT, "width=4"],
        ["fit", "text", path, *SHORT],
        ["check", path, "--against", "1"],
        ["cv", "tabular", path, *SHORT[:3], "--no-rivals", "--protocol", "kfold:2"],
    ]
    return verbs[int(rng.integers(len(verbs)))]


def images(rng: Rng, here: Path) -> Words:
    """Make a folder of images, some of which are bad, and give it, or one of them, to a verb."""
    path, one = bad_images(rng, here)
    verbs: list[Words] = [
        ["check", "vision", path],
        ["fit", "vision", path, *SHORT, "--model", "dense", "width=4"],
        ["predict", "2", one],
        ["predict", "2", path, "--json"],
        ["show", path],
        ["baseline", "vision", path],
    ]
    return verbs[int(rng.integers(len(verbs)))]


def shards(rng: Rng, here: Path) -> Words:
    """Make a folder of shards, one of which is bad, and give it to a verb."""
    path = bad_shards(rng, here)
    verbs: list[Words] = [
        ["check", "vision", path],
        ["fit", "vision", path, *SHORT, "--model", "dense", "width=4"],
        ["show", path],
        ["predict", "2", path],
    ]
    return verbs[int(rng.integers(len(verbs)))]


def texts(rng: Rng, here: Path) -> Words:
    """Make a folder of texts, some of which are bad, or one text, and give it to a verb."""
    path = bad_texts(rng, here)
    verbs: list[Words] = [
        ["check", "text", path],
        ["fit", "text", path, *SHORT],
        ["show", path],
        ["predict", "3", path],
        ["fit", "text", path, *SHORT, "--task", "next-token"],
    ]
    return verbs[int(rng.integers(len(verbs)))]


def options(rng: Rng, here: Path) -> Words:
    """Draw options and flags of a fit, or of a verb of several fits."""
    data = ["tabular", "../t.csv"] if rng.random() < 0.7 else ["vision", "../pets"]
    pairs = [f"{_pick(rng, OPTIONS)}={_pick(rng, STRANGE)}" for _ in range(int(rng.integers(3)))]
    if rng.random() < 0.6:
        return ["fit", *data, *SHORT, *pairs, *_flags(rng, FLAGS)]
    verb = _pick(rng, tuple(OF_VERBS))
    few = ["--trials", "1"] if verb in ("tune", "workflow") else []
    short = SHORT[:3] if verb not in ("baseline", "check") else ()
    return [verb, *data, *short, *few, *pairs, *_flags(rng, OF_VERBS[verb])]


def uses(rng: Rng, here: Path) -> Words:
    """Draw a run and flags for a verb that uses one."""
    verb = _pick(rng, tuple(OF_RUNS))
    if verb in ("rm", "tag", "note"):
        shutil.copytree(here.parent / "runs", here / "runs", symlinks=True)
    which = [
        _pick(rng, (*"1234567", "last", *STRANGE)) for _ in range(2 if verb == "compare" else int(rng.integers(3)))
    ]
    if verb == "ls":
        which = ["runs"] if rng.random() < 0.9 else which[:1]
    if verb == "board":
        which = ["../runs"] if rng.random() < 0.5 else which[:1]
        return [verb, *which, "--out", _pick(rng, ("site", "/proc/x", "../t.csv", "")), *_flags(rng, ("--reports",), 1)]
    return [verb, *which, *_flags(rng, OF_RUNS[verb])]


def resumes(rng: Rng, here: Path) -> Words:
    """Draw something to resume, or to begin from, with a verb that did not make it."""
    which = _pick(rng, (*"1234567", *"1234567", "last", "99", "../runs", "../t.csv"))
    verb = _pick(rng, ("fit", "cv", "tune", "workflow", "curve", "overfit"))
    if rng.random() < 0.3:
        return ["fit", "tabular", "../t.csv", *SHORT, "--from", which]
    more = [f"{_pick(rng, OPTIONS)}={_pick(rng, STRANGE)}"] if rng.random() < 0.4 else []
    if verb in ("curve", "overfit"):
        more = ["tabular", "../t.csv", *SHORT[:1], *more]
    return [verb, *more, "--resume", which]


def places(rng: Rng, here: Path) -> Words:
    """Draw a verb that reads or writes where that is not allowed; `_work` gives up the powers of an administrator."""
    shutil.copytree(here.parent / "runs", here / "runs", symlinks=True)
    for path in (here / "runs", *(here / "runs").rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for name in ("locked", "closed"):
        (here / name / "cat").mkdir(parents=True)
        shutil.copy(here.parent / "t.csv", here / name)
    hidden = here / "runs" / f"000{int(rng.integers(1, 8))}"
    barred = [path for path in (here / "runs").glob(f"{hidden.name}*/*") if rng.random() < 0.3]
    for path in (here / "closed" / "t.csv", here / "closed", *barred):
        path.chmod(0o000)
    (here / "locked").chmod(0o555)
    fit = ["fit", "tabular", "../t.csv", *SHORT]
    written, read = _pick(rng, ("locked/x", "closed/x", "closed")), _pick(rng, ("closed", "closed/t.csv", "closed/cat"))
    number = _pick(rng, tuple("1234567"))
    verbs: list[Words] = [
        [*fit, "--runs", written],
        [*fit, "--detach", "--runs", written],
        [*fit, "--recipe", f"./{read}"],
        [*fit, "--model", f"./{read}.py:f"],
        ["cv", "tabular", "../t.csv", "--runs", written],
        ["tune", "tabular", "../t.csv", "--trials", "1", "--runs", written],
        ["workflow", "tabular", "../t.csv", "--runs", written],
        *(["ls", "runs", "--runs", place] for place in ("closed", "closed/x")),
        ["status", "--runs", written],
        ["export", "1", "--out", written],
        ["board", "runs", "--out", written],
        ["board", "closed", "--out", "locked/site"],
        ["report", number, "--html", written],
        *([verb, number] for verb in ("report", "show", "status", "doctor", "stop", "test", "export")),
        ["tag", number, "kept"],
        ["note", number, "wide"],
        ["rm", number, "--yes", "--force"],
        ["fit", "--resume", "1", "epochs=2"],
        ["tune", "--resume", "5"],
        ["workflow", "--resume", "6"],
        ["cv", "--resume", "4"],
        *([verb, kind, read] for verb in ("check", "fit", "baseline") for kind in ("vision", "tabular", "text")),
        *([verb, read] for verb in ("check", "fit", "show")),
        *(["predict", which, read] for which in "123"),
    ]
    return verbs[int(rng.integers(len(verbs)))]


def damages(rng: Rng, here: Path) -> Words:
    """Damage one file of the runs, studies and workflows, and read it."""
    shutil.copytree(here.parent / "runs", here / "runs", symlinks=True)
    whole = sorted(path for path in (here / "runs").rglob("*") if path.is_file() and path.stat().st_size)
    named = [
        path for path in whole if path.name in ("study.json", "workflow.json", "notes.json", "fits.json", "journal.log")
    ]
    among = named if named and rng.random() < 0.6 else whole
    path = among[int(rng.integers(len(among)))]
    flipped(rng, path)
    number = path.relative_to(here / "runs").parts[0].split("-")[0].lstrip("0") or "1"
    number = number if number.isdecimal() else "1"
    verbs: list[Words] = [
        ["report", number],
        ["status", number],
        ["ls", "runs"],
        ["ls", "runs", "--where", "accuracy>0"],
        ["doctor", number],
        ["show", number],
        ["tag", number, "more"],
        ["rm", number, "--yes", "--force"],
        ["export", number, "--to", "safetensors", "--out", "x.safetensors"],
        ["board", "runs", "--out", "site"],
        ["test", number],
        ["predict", number, "../t.csv"],
        [{"5": "tune", "6": "workflow", "4": "cv"}.get(number, "fit"), "--resume", number],
    ]
    return verbs[int(rng.integers(len(verbs)))]


GROUPS: dict[str, Callable[[Rng, Path], Words]] = {
    "tables": tables,
    "images": images,
    "shards": shards,
    "texts": texts,
    "options": options,
    "verbs on a run": uses,
    "resume, and from": resumes,
    "places that may not be written or read": places,
    "damaged files of runs and studies": damages,
}


def prepare(home: Path) -> None:
    """Write data, and make a run of a table, of images and of texts, folds, a tuning and a workflow: 1 to 6.

    Raises:
        RuntimeError: If one is refused.
    """
    rng = np.random.default_rng(0)
    rows = "".join(f"{k % 11},{x:.2f},{'yn'[int(x + e > 0)]}\n" for k, (x, e) in enumerate(rng.normal(size=(60, 2))))
    (home / "t.csv").write_text(f"size,age,label\n{rows}")
    texts_of = "".join(f"{'good' if k % 2 else 'bad'} {'day' * (k % 5)} {k},{'yn'[k % 2]}\n" for k in range(60))
    (home / "x.csv").write_text(f"text,label\n{texts_of}")
    bad_images(rng, home, bad=False)
    table = ["tabular", "t.csv", *SHORT[:3], "width=4"]
    off = [
        word
        for name in ("early-stopping", "missing", "mixup", "noise", "label-smoothing")
        for word in ("--reg", f"{name}=off")
    ]
    for words in (
        ["fit", *table, "--no-rivals"],
        ["fit", "vision", "pets", *SHORT, "--model", "dense", "width=4"],
        ["fit", "text", "x.csv", *SHORT],
        ["cv", *table, "--protocol", "kfold:2", "--no-rivals"],
        ["tune", *table, "--trials", "2", "--over", "lr"],
        ["workflow", *table, "--trials", "1", "--on-leak", "warn", *off],
        ["curve", *table],
    ):
        answer = ask(home, [*words, "--runs", "runs"])
        if answer.code:
            raise RuntimeError(f"{words}: {answer.err}")
    ask(home, ["tag", "1", "first", "--runs", "runs"])


def ask(folder: Path, words: Words, *, powers: bool = True, stdin: bool = True) -> Answer:
    """Run dl in a process of its own.

    Args:
        folder: In which it runs.
        words: Of the command line.
        powers: Whether it has those of an administrator, if this process has them.
        stdin: Whether stdin is open, and empty.
    """
    sys.stdout.flush()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if not pid:
            _work(folder, words, out.fileno(), err.fileno(), powers, stdin)
        code = wait_or_kill(pid, LONGEST)
        told = []
        for stream in (out, err):
            stream.seek(0)
            told.append(stream.read().decode("utf-8", "surrogateescape"))
    return Answer(code, *told)


def _work(folder: Path, words: Words, out: int, err: int, powers: bool, stdin: bool) -> NoReturn:
    """Be the process that runs dl."""
    code = 99
    try:
        os.chdir(folder)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.close(0)
        if stdin:
            os.open(os.devnull, os.O_RDONLY)
        if not powers:
            _give_up_powers()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(number, "wb", closefd=False)) for number in (1, 2))
        from dl.cli.main import run
        from dl.cli.streams import guard_streams

        guard_streams()
        code = run(words)
        sys.stdout.flush()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _give_up_powers() -> None:
    """Let the permissions of files hold for this process, though it may be an administrator's."""
    header, none = struct.pack("Ii", CAPABILITIES, 0), bytes(24)
    if ctypes.CDLL(None, use_errno=True).capset(header, none):
        raise OSError(ctypes.get_errno(), "no powers can be given up here")


def one(home: Path, number: int, seed: int = SEED) -> tuple[str, Words, Answer]:
    """Make the input of a number and give it to dl; its group, the words, and the answer."""
    rng = np.random.default_rng([seed, number])
    group = list(GROUPS)[number % len(GROUPS)]
    here = home / f"input-{number}"
    here.mkdir()
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            words = GROUPS[group](rng, here)
        if "--runs" not in words and words[0] not in ("check", "baseline", "explain", "board"):
            words = [*words, "--runs", "runs" if (here / "runs").exists() else "../runs"]
        answer = ask(here, words, powers=not group.startswith("places"), stdin=rng.random() < 0.9)
    finally:
        shutil.rmtree(here, ignore_errors=True)
    return group, words, answer


def main() -> None:
    """Print and keep the table."""
    torch.set_num_threads(1)
    tried, told, found = Counter[str](), Counter[str](), []
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        os.environ |= {"DL_CACHE": str(home / "cache"), "COLUMNS": "200", "DL_RIVALS": "no"}
        from benchmarks.kills import warm

        warm()
        prepare(home)
        for number in range(INPUTS) if ONLY < 0 else [ONLY]:
            group, words, answer = one(home, number)
            tried[group] += 1
            told[group] += answer.code != 0
            if why := answer.fault(raw="--csv" in words):
                found.append((group, number, f"dl {' '.join(words)[:300]!r}: {why}"))
                print(number, group, words, why, sep="\n", flush=True)
            elif ONLY >= 0:
                print(words, answer)
    rows: list[dict[str, Any]] = [
        {
            "input": name,
            "tried": tried[name],
            "told in one line": told[name],
            "traceback, hang or wrong blame": sum(g == name for g, *_ in found),
        }
        for name in GROUPS
        if tried[name]
    ]
    all_of = {name: sum(row[name] for row in rows) for name in list(rows[0])[1:]}
    publish("fuzz", f"bad input drawn at random, seed {SEED}", [*rows, {"input": "all", **all_of}], found=found)
