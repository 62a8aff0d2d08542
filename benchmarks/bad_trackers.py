"""Trackers to which something happens: their files removed, replaced or full, or their server silent."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.attempt import EPOCHS, FIT, Place, Rng, Rows, epochs_of, newest, rows_of, wait_for


def trackers(rng: Rng, place: Place, wanted: Rows) -> str:
    """Fit with a tracker to which something happens; return what."""
    name = str(rng.choice(["csv", "tensorboard", "mlflow", "wandb"]))
    at, delay = int(rng.integers(0, EPOCHS)), float(rng.uniform(0, 0.3))
    kind = str(rng.choice([*SPOILS, "a server"] if name in ("mlflow", "wandb") else list(SPOILS)))
    words, env = [*FIT, f"epochs={EPOCHS}", "--logger", name, "--runs", "runs"], {"WANDB_MODE": "offline"}
    how = str(rng.choice(list(SERVERS)))
    with contextlib.ExitStack() as stack:
        if kind == "a server":
            address = f"http://127.0.0.1:{stack.enter_context(server(how))}"
            env = {"MLFLOW_TRACKING_URI": address, "WANDB_BASE_URL": address, "WANDB_API_KEY": "k" * 40}
        process = place.dl(*words, env=env)
        if kind != "a server":
            there = wait_for(lambda: process.poll() is not None or tracked(place, name))
            wait_for(lambda: process.poll() is not None or epochs_of(place) >= at)
            time.sleep(delay)
            if there and (target := tracked(place, name)):
                with contextlib.suppress(OSError):
                    SPOILS[kind](target)
        code = place.end(process)
    out, _ = place.said(process)
    run = newest(place)
    place.need(code == 0, f"exit code {code}: {place.said(process)[1][-500:]}")
    place.need(run is not None and run.manifest.status == "finished", "the run is not finished")
    if run is not None:
        place.need(rows_of(run) == wanted, "another result than without a tracker")
    place.need("dl report" in out or "next" in out, f"no report: {out[-300:]!r}")
    return f"{name}: {kind}{f', {how}' if kind == 'a server' else f' after epoch {at}'}"


def tracked(place: Place, name: str) -> Path | None:
    """Return what a tracker writes to; None while it is not there."""
    pattern = {
        "csv": "*/logs/metrics.csv",
        "tensorboard": "*/logs/events*",
        "wandb": "*/wandb/*run*",
        "mlflow": "mlflow.db",
    }
    return next((path for path in place.runs.glob(pattern[name])), None)


def _instead(target: Path, make: Callable[[Path], object]) -> None:
    remove(target)
    make(target)


def remove(target: Path) -> None:
    """Remove a file or a folder."""
    shutil.rmtree(target) if target.is_dir() and not target.is_symlink() else target.unlink()


def _instead_of_folder(target: Path, make: Callable[[Path], object]) -> None:
    """Put something in the place of the folder of a tracker; that of the runs stays."""
    folder = target.parent if target.parent.name in ("logs", "wandb") else target
    remove(folder)
    make(folder)


def _lock(target: Path) -> None:
    """Take the permission to write away; an administrator may write all the same."""
    target.chmod(0o444)
    target.parent.chmod(0o555)


SPOILS: dict[str, Callable[[Path], object]] = {
    "its file is removed": remove,
    "its folder is removed": lambda target: _instead_of_folder(target, lambda _folder: None),
    "a full disk": lambda target: _instead(target, lambda path: path.symlink_to("/dev/full")),
    "a FIFO in its place": lambda target: _instead(target, os.mkfifo),
    "a folder in its place": lambda target: _instead(target, Path.mkdir),
    "a file in the place of its folder": lambda target: _instead_of_folder(target, lambda path: path.write_text("x")),
    "a FIFO in the place of its folder": lambda target: _instead_of_folder(target, os.mkfifo),
    "read-only": _lock,
    "half of its bytes": lambda target: os.truncate(target, target.stat().st_size // 2),
}
SERVERS = {
    "accepts and is silent": b"",
    "answers no HTTP": b"\x00\xff\x1b[2J" * 50,
    "answers 500": b"HTTP/1.1 500 no\r\ncontent-length: 2\r\n\r\nno",
    "answers half": b"HTTP/1.1 200 ok\r\ncontent-length: 900\r\ncontent-type: application/json\r\n\r\n{",
    "answers nonsense": b"HTTP/1.1 200 ok\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n[]",
    "refuses": b"",
}


@contextlib.contextmanager
def server(how: str) -> Iterator[int]:
    """Answer every connection in one way; yield the port."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = int(listening.getsockname()[1])
        if how == "refuses":
            listening.close()
            yield port
            return

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    one, _ = listening.accept()
                    held.append(one)
                    if SERVERS[how]:
                        one.recv(1 << 16)
                        one.sendall(SERVERS[how])
                    if "half" not in how and SERVERS[how]:
                        one.close()

        threading.Thread(target=answer, daemon=True).start()
        yield port
        for one in held:
            one.close()
