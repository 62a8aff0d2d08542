"""Change single bits of exported files, of the cache and of a served run, and count what is noticed.

Asked for: a loader of dl answers to no changed file otherwise than before; of files that other engines open, the sums
beside them tell it. A fit whose cache has changed ends as it would have, to the bit. A service refuses a changed run,
or answers as before, at its start and where it loads its runs anew. `$BITS` of each are drawn by `$SEED`.
"""

import asyncio
import json
import logging
import multiprocessing
import os
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import dl
from benchmarks.endings import differences
from benchmarks.kills import make_files
from benchmarks.measuring import publish
from dl import files
from dl.data.cache import DamagedEntry, entries
from dl.errors import DLError
from dl.exporting.formats import import_file
from dl.exporting.sums import SUFFIX, sum_of
from dl.exporting.whole import need_exportable
from dl.inference.load import reopen
from dl.plugins.loading import load_plugins
from dl.runs.run import Run

BITS, SEED = int(os.environ.get("BITS", "60")), int(os.environ.get("SEED", "0"))  # of each file, cache and service
TIMED = "layouts"  # a folder of the cache that holds what was measured, which another time may measure otherwise
IMAGE = json.dumps({"inputs": [[[9] * 8] * 8]}).encode()
OPENED = {
    "folder": ("config.json", "network.json", "model.safetensors", "SHA256SUMS", "load.py", "steps.py"),
    "safetensors": ("wine.safetensors",),
    "onnx": ("wine.onnx",),
    "torch": ("wine.pt2",),
}


def answer(to: str, place: str, raw: dict[str, Any]) -> list[Any]:  # Any: arrays of any kind
    """Answer raw inputs with an exported file, as its user does."""
    if to == "onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        return list(onnxruntime.InferenceSession(place, options, providers=["CPUExecutionProvider"]).run(None, raw))
    if to == "torch":
        import torch

        logging.disable(logging.CRITICAL)  # torch tells at length why it cannot read a file
        with torch.no_grad():
            found = torch.export.load(place).module()(*(torch.from_numpy(one) for one in raw.values()))
        return [one.numpy() for one in found]
    code = Path(place) / "load.py" if to == "folder" else Path(place).with_name("wine_load.py")
    return list(import_file(code).Network(place)(**raw).values())


def outcome(to: str, place: str, raw: dict[str, Any], wanted: list[Any]) -> str:  # Any: as above
    """Return ``noticed`` where a file is refused, ``same`` where the answers are, else ``otherwise``."""
    try:
        found = answer(to, place, raw)
        same = all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(found, wanted, strict=True))
    except Exception:  # whatever an engine refuses with
        return "noticed"
    return "same" if same else "otherwise"


def measure(to: str, folder: Path, run: Run) -> dict[str, object]:
    """Return how many changed bits of a format are noticed, and how many change an answer unnoticed."""
    done = dl.export(run, to, out=folder / {"folder": "wine"}.get(to, OPENED[to][0]))
    rng = np.random.default_rng(SEED)
    opened = reopen(run, load_plugins())
    inputs = need_exportable(opened, opened.recipe.data_options).preparation.inputs
    raw = {one.name: rng.normal(5, 3, 20) for one in inputs}
    wanted = answer(to, str(done.path), raw)
    counts, told = dict.fromkeys(("noticed", "same", "otherwise"), 0), 0
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    for name in OPENED[to]:
        place = done.path / name if done.path.is_dir() else done.path
        content = place.read_bytes()
        sums = "" if done.path.is_dir() else done.path.with_suffix(SUFFIX).read_text()
        for bit in rng.integers(0, 8 * len(content), BITS).tolist():
            changed = bytearray(content)
            changed[bit // 8] ^= 1 << bit % 8
            place.write_bytes(changed)
            told += sum_of(bytes(changed)) not in sums
            try:
                found = pool.submit(outcome, to, str(done.path), raw, wanted).result()
            except BrokenProcessPool:  # the engine crashed
                found, pool = "noticed", ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
            counts[found] += 1
        place.write_bytes(content)
    pool.shutdown()
    return {"format": to, "bits": sum(counts.values()), **counts, "told by the sums beside": told if sums else "-"}


@contextmanager
def changed_bit(place: Path, rng: np.random.Generator) -> Iterator[bytes]:
    """Change one bit of a file in this context; a process that has the file mapped keeps the old one."""
    content = place.read_bytes()
    changed, bit = bytearray(content), int(rng.integers(8 * len(content)))
    changed[bit // 8] ^= 1 << bit % 8
    files.write_bytes(place, bytes(changed))
    try:
        yield bytes(changed)
    finally:
        files.write_bytes(place, content)


def cached_fits(root: Path) -> dict[str, Callable[[Path], Run]]:
    """Return fits that read the cache, by what it holds: from a folder of runs to the run."""
    make_files(root)
    words = ("good", "bad", "day", "night", "more", "less")
    rng = np.random.default_rng(0)
    rows = [f"{' '.join(rng.choice(words, 9))},{'ab'[k % 2]}" for k in range(60)]
    (root / "texts.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    given: dict[str, Any] = {"epochs": 1, "batch_size": 16, "rivals": False}
    goods: dict[str, Any] = {**given, "rivals": True, "target": "sold", "leave_out": "price", "width": 4}
    photos = str(root / "photos")
    return {
        "decoded images": lambda runs: dl.fit("vision", photos, model="dense", width=4, runs=runs, **given),
        "features of a body": lambda runs: dl.fit("vision", photos, model="efficientnet-lite0", runs=runs, **given),
        "prepared texts": lambda runs: dl.fit("text", str(root / "texts.csv"), model="lstm", runs=runs, **given),
        "answers of rivals": lambda runs: dl.fit("tabular", str(root / "goods.csv"), runs=runs, **goods),
    }


def bits_of_cache(name: str, fit: Callable[[Path], Run], runs: Path, bits: int = BITS) -> dict[str, object]:
    """Return how many changed bits of the entries that a fit has made are noticed, and how many change the fit.

    Args:
        name: What the cache holds.
        fit: From a folder of runs to the run; its cache is empty.
        runs: An empty folder.
        bits: To be changed, one after the other.
    """
    rng = np.random.default_rng(SEED)
    whole = fit(runs / "whole")
    wanted = told_of(whole)
    known = [one.path for one in entries() if one.path.parent.name != TIMED]
    known = sorted(path for path in known if path.stat().st_size and not path.name.startswith("."))
    counts = Counter[str]()
    for number in range(bits):
        entry = known[int(rng.integers(len(known)))]
        with changed_bit(entry, rng) as changed, warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            run = fit(runs / f"{number}")
            found = differences(whole, run) or told_of(run) != wanted
            said = any(issubclass(one.category, DamagedEntry) for one in told)
            again = entry.read_bytes() != changed
        counts["otherwise" if found else "told" if said else "made again in silence" if again else "not read"] += 1
    kinds = ("told", "made again in silence", "not read", "otherwise")
    return {"cache": name, "entries": len(known), "bits": bits, **{kind: counts[kind] for kind in kinds}}


def told_of(run: Run) -> list[str]:
    """Return what a report finds, for which it reads the cache as well."""
    return [repr(one) for one in run.report().findings]


def served(runs: Path) -> Run:
    """Fit a run of images to be served."""
    rng, labels = np.random.default_rng(0), np.arange(60) % 2
    images = rng.integers(0, 100, (60, 8, 8), np.uint8) + (155 * labels).astype(np.uint8)[:, None, None]
    words = np.where(labels == 1, "light", "dark")
    return dl.fit("vision", (images, words), model="dense", width=8, epochs=2, rivals=False, runs=runs)


def bits_of_service(run: Run, bits: int = BITS) -> list[dict[str, object]]:
    """Return how many changed bits in the files of a run a service notices, at its start and while it serves.

    Args:
        run: Of `served`.
        bits: To be changed, one after the other.
    """
    return asyncio.run(_bits_of_service(run, bits))


async def _bits_of_service(run: Run, bits: int) -> list[dict[str, object]]:
    from dl_serve.service import Service
    from dl_serve.settings import Settings, parse_runs

    rng, plugins, settings = (
        np.random.default_rng(SEED),
        load_plugins(),
        Settings(parse_runs(["one=1"]), run.path.parent),
    )
    places = sorted(path for path in run.path.rglob("*") if path.is_file() and path.stat().st_size)
    service = Service(settings, plugins)
    wanted = await _answered(service)
    counts = {"its start": Counter[str](), "SIGHUP": Counter[str]()}
    for _ in range(bits):
        place = places[int(rng.integers(len(places)))]
        with changed_bit(place, rng):
            try:
                fresh = Service(settings, plugins)
            except DLError as error:
                counts["its start"]["named" if place.name in str(error) else "refused"] += 1
            else:
                counts["its start"][_as_before(wanted, await _answered(fresh), place.name)] += 1
                await fresh.close()
            failed = await service.reload()
            found = _as_before(wanted, await _answered(service), place.name)
            line = failed.get("one", "")
            named = "named" if place.name in line else "refused" if line else "same"
            counts["SIGHUP"]["otherwise" if found == "otherwise" else found if named == "same" else named] += 1
        await service.reload()
    await service.close()
    kinds = ("named", "refused", "told", "same", "otherwise")
    return [{"changed before": when, "bits": bits, **{k: of[k] for k in kinds}} for when, of in counts.items()]


async def _answered(service: Any) -> tuple[str, str, str]:  # Any: dl-serve may not be installed
    """Return what a service answers to an image, its card, or why it has none, and its verdict on the run."""
    import msgspec  # comes with dl-serve

    answer = msgspec.json.encode(await service.predict("one", "application/json", IMAGE), order="sorted").decode()
    try:
        card = await service.card("one")
    except DLError as error:
        card = f"none: {error}"
    return answer, card, service.verdicts["one"]


def _as_before(wanted: tuple[str, str, str], found: tuple[str, str, str], name: str) -> str:
    """Return whether a service answers the ``same``, or ``told`` where all that it tells otherwise names the file.

    Args:
        wanted: As `_answered` returned it before.
        found: Likewise, now.
        name: Of the file that has changed.
    """
    if found == wanted:
        return "same"
    before, now = (json.loads(one[0]) for one in (wanted, found))
    if name in now.pop("no_uncertainty", ""):
        for one in (*before["predictions"], *now["predictions"]):
            one["uncertainty"] = None
    others = [now for then, now in zip(wanted[1:], found[1:], strict=True) if now != then]
    return "told" if before == now and all(name in one or not one for one in others) else "otherwise"


def main() -> None:
    """Print and keep the tables."""
    chosen = os.environ.get("PART", "files cache service").split()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        if "files" in chosen:
            run = dl.fit("tabular", "wine", epochs=1, runs=root / "runs", rivals=False)
            publish("bits", "single bits of exported files, changed", [measure(to, root, run) for to in OPENED])
        if "cache" in chosen:
            found = []
            for number, (name, fit) in enumerate(cached_fits(root).items()):
                os.environ["DL_CACHE"] = str(root / f"cache-{number}")
                found.append(bits_of_cache(name, fit, root / f"cached-{number}"))
                print(found[-1], flush=True)
            publish("bits-cache", f"single bits of the cache of a fit, changed, seed {SEED}", found)
        if "service" in chosen:
            publish(
                "bits-service",
                f"single bits of a served run, changed, seed {SEED}",
                bits_of_service(served(root / "served")),
            )
