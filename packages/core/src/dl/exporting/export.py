"""Export a run: its network with preparation, thresholds and names, compared with the run before it is written."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dl import files, regular
from dl.data.examples import Examples
from dl.errors import BadOption, BadRun, nearest
from dl.exporting.agreement import Agreement, expected, measure, need_agreement
from dl.exporting.card import Licences, write_card
from dl.exporting.config import describe
from dl.exporting.formats import CONFIG, FORMATS, Contents, Format, Package
from dl.exporting.recall import recalls_of
from dl.exporting.usage import usage
from dl.exporting.whole import need_exportable, trace
from dl.inference.ensemble import Ensemble
from dl.inference.evaluate import reader_of
from dl.inference.load import reopen
from dl.inference.loaded import LoadedRun
from dl.plugins.at_hand import NOTHING, without
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.runs.report import Which, find_run
from dl.runs.run import Run, slug_of
from dl.runs.seen import refuse_changed
from dl.splits.partition import split_data
from dl.terminal import safe_text
from dl.training.read_new import adopt_splits, reload_dataset
from dl.work import doing

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model

UNUSABLE = ("running", "failed", "killed")  # statuses of runs that are not exported


@dataclass(frozen=True)
class Exported:
    """What was written.

    Args:
        path: The file or the folder.
        to: The format.
        files: All files.
        agreement: With the run.
        notes: What the exported form does not do, a sentence each.
    """

    path: Path
    to: str
    files: tuple[Path, ...]
    agreement: Agreement
    notes: tuple[str, ...]


def export(
    run: Which = "last",
    to: str = "onnx",
    *,
    out: str | Path | None = None,
    force: bool = False,
    licence: str = "",
    data_licence: str = "",
    model: Model | None = None,
    runs: str | Path = "runs",
    plugins: Plugins | None = None,
) -> Exported:
    """Export a run's network with everything between raw inputs and answers, and a card of the model.

    Nothing is written unless at least 99.99 % of the answers on the validation part are those of `dl.predict`.

    Args:
        run: A run, its path, name or number, or ``last``.
        to: ``onnx``, ``torch``, ``safetensors``, ``huggingface`` or ``folder``.
        out: The file or folder to write; None for the name of the run in the current folder.
        force: Whether to replace what is there.
        licence: Of the weights, for the card, as ``Apache-2.0``.
        data_licence: Of the data, likewise.
        model: The network, if the fit used one in memory and ``run`` no longer holds it.
        runs: Folder of run folders, unless ``run`` is a path.
        plugins: The registered plugins; None loads the installed ones.

    Raises:
        BadData: If the exported network answers otherwise than the run, or the data has changed since the fit.
        BadOption: If the format is unknown or lacks a package, the run has no exported form, or something is there.
        BadRun: If the run cannot be opened, or did not end.
        CannotWrite: If the files cannot be written.

    Example:
        >>> dl.export(run).path
        >>> dl.export("last", "folder", out="digits")
        >>> dl.export(3, "huggingface", licence="Apache-2.0", force=True).agreement
    """
    kind = _format(to)
    kind.need_packages()
    plugins = plugins or load_plugins()
    run = find_run(run, runs)
    _need_ended(run)
    place = _place(run, kind, out)
    _need_free(place, force=force)
    opened = reopen(run, plugins, model)
    found = need_exportable(opened, opened.recipe.data_options)
    preparation = found.preparation
    examples, part = held_out(opened, plugins)
    wanted = expected(opened, preparation, examples)
    traced = _on_cpu(found.run)
    with doing("tracing"):
        stem = place.stem if kind.suffix else place.name
        strings = kind.strings(preparation, examples.inputs)
        code = kind.code(preparation, stem, strings)
        package = Package(preparation, found.outputs, trace(traced, preparation), code=code, strings=strings)
    package.config.update(describe(opened, package))
    with _staged(place) as staging:
        with doing("converting"):
            names = _write(kind.contents(package, stem, ""), staging)  # to be compared: its card is still to be written
        call = kind.open(package, staging / names[0] if kind.suffix else staging)
        agreement = measure(call, preparation, package.outputs, examples, wanted, part)
        need_agreement(agreement, run.name)
        package.config["agreement"] = agreement.as_dict()
        card = write_card(
            run,
            opened.recipe,
            plugins,
            licences=Licences(licence, data_licence),
            recalls=recalls_of(opened.task, examples.targets, wanted),
            export=[*usage(kind, place, package), f"- Agreement: {agreement}"],
            header=to == "huggingface",
        )
        names = _write(kind.contents(package, stem, card), staging)
        written = _move(staging, names, place, kind, force=force)
    return Exported(place, to, written, agreement, package.notes)


def _format(to: str) -> Format:
    if to not in FORMATS:
        raise BadOption(f"no format {safe_text(to, 40)!r}{nearest(to, FORMATS)}  formats: {', '.join(FORMATS)}")
    return FORMATS[to]


def _need_ended(run: Run) -> None:
    """Refuse a run that runs, failed or was killed.

    Raises:
        BadRun: With what to do.
    """
    status = run.manifest.status
    if status in UNUSABLE:
        what = {"running": "is still running", "failed": "failed", "killed": "was killed"}[status]
        then = "wait for its end: dl status" if status == "running" else f"go on with it: dl fit --resume {run.name}"
        raise BadRun(f"{run.name} {what}, and is not exported  {then}")


def _place(run: Run, kind: Format, out: str | Path | None) -> Path:
    """Return where the file or folder goes."""
    if out is None:
        return Path(f"{slug_of(run.manifest.name)}{kind.suffix or f'-{kind.name}'}")
    place = Path(out)
    if kind.suffix and place.suffix != kind.suffix:
        raise BadOption(f"--out {safe_text(str(out))}: a file of {kind.name} ends in {kind.suffix}")
    return place


def _need_free(place: Path, *, force: bool) -> None:
    """Refuse a place where something is, unless it may be replaced; a folder of something else never is.

    Raises:
        BadOption: With what to do.
    """
    if not os.path.lexists(place):
        return
    shown = safe_text(str(place))
    if not force:
        raise BadOption(f"{shown!r} is there already; nothing was written  replace it: --force, or name another: --out")
    if place.is_dir() and not _is_ours(place):
        raise BadOption(
            f"{shown!r} is a folder that dl export did not write, and --force does not replace it; name another: --out"
        )


def _is_ours(place: Path) -> bool:
    """Return whether a folder holds an exported network, or nothing."""
    if not any(place.iterdir()):
        return True
    try:
        return bool(json.loads(regular.read_bytes(place / CONFIG)).get("made_by", "").startswith("dl "))
    except (OSError, ValueError, AttributeError):
        return False


def held_out(opened: LoadedRun, plugins: Plugins) -> tuple[Examples, str]:
    """Return the validation examples of a run as it read them, and their name; without any, the training examples.

    Those of a run of folds are the ones of its first fold.

    Raises:
        BadRun: If the data was in memory and is gone, or has changed since the fit.
    """
    opened = opened.members[0]
    run = opened.run
    if "data" in run.manifest.in_memory and (run.at_hand is None or run.at_hand.data is None):
        raise BadRun(
            f"{run.name} was fitted on data in memory, by which an export is compared with it; export it in the "
            "program that fits it: run.export()"
        )
    at_hand = run.at_hand or NOTHING
    plugins = at_hand.register(without(plugins, run.manifest.in_memory, run.name))
    dataset = reload_dataset(reader_of(opened, plugins))
    splits = split_data(dataset, opened.recipe, plugins)
    if opened.recipe.from_run:
        splits = adopt_splits(splits, opened.task.info, run.name)
    refuse_changed(run, dataset.name, splits.val)
    subset, part = (splits.val, "validation") if len(splits.val) else (splits.train, "training")
    return subset.examples.take(subset.index), part


def _on_cpu(opened: LoadedRun) -> LoadedRun:
    if isinstance(opened, Ensemble):
        return replace(opened, folds=tuple(map(_on_cpu, opened.folds)))
    return replace(opened, network=opened.network.cpu(), preprocessor=opened.preprocessor.cpu())


@contextlib.contextmanager
def _staged(place: Path) -> Iterator[Path]:
    """Make a folder beside a place for what is not whole yet, and remove it at the end."""
    files.make_folder(place.parent)
    staging = place.parent / f".{place.name[:80]}.{secrets.token_hex(4)}.part"
    files.make_inner(staging)
    try:
        yield staging
    finally:
        files.remove_folder(staging)


def _write(contents: Contents, folder: Path) -> list[str]:
    for name, content in contents.items():
        files.write_bytes(folder / name, content)
    return [*contents]


def _move(staging: Path, names: Sequence[str], place: Path, kind: Format, *, force: bool) -> tuple[Path, ...]:
    """Move files or a folder to their place.

    Raises:
        BadOption: If something is there.
        CannotWrite: If that fails.
    """
    _need_free(place, force=force)
    if kind.suffix:
        for name in names[::-1]:  # the file itself comes last
            files.move(staging / name, place.parent / name)
        return tuple(place.parent / name for name in names)
    if place.exists():
        files.remove_folder(place)
    files.move(staging, place)
    return tuple(place / name for name in names)
