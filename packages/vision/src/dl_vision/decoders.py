"""Processes that decode image files into one file of pixels: threads of one process wait for each other's Python code.

Each reads a line of JSON for a block of images, decodes them to their places in the file, which it has open, and
answers with a line: why images are bad, by position, or null if anything else failed. Such a block, and those of a
process that has died, are left to the caller, whose own attempt raises the right error.
"""

from __future__ import annotations

import json
import math
import os
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any

from dl.errors import BadData, BadFile
from dl_vision.decode import MOST_THREADS, Packed, decode_file, strict_pillow

WORTH = 2.0  # seconds of decoding in one thread from which on it repays to start processes
PER_IMAGE, PER_PIXEL = 6e-5, 6e-9  # seconds

Keep = Callable[[int, Any], None]
Bad = dict[int, str]
Shape = tuple[int, int, int]  # height, width, channels
Block = Sequence[tuple[int, str, bytes]]  # position, path and digest of each image


class Decoders:
    """Processes that decode into an open file, each used by one thread at a time.

    Args:
        file: Descriptor of the file.
        start: Where its first image lies, in bytes.
        shape: Of an image: height, width, channels.
        as_lines: As `dl_vision.decode.decode`.
    """

    def __init__(self, file: int, start: int, shape: Shape, *, as_lines: bool) -> None:
        self._idle: queue.SimpleQueue[subprocess.Popen[str]] = queue.SimpleQueue()
        self._all = [_start(file, [start, shape, as_lines]) for _ in range(min(MOST_THREADS, os.cpu_count() or 1))]
        for process in self._all:
            self._idle.put(process)

    def decode(self, block: Block) -> Bad | None:
        """Decode a block of images; return why some are bad, or None if it could not be done here."""
        try:
            process = self._idle.get_nowait()
        except queue.Empty:
            return None  # as many have died as threads are asking
        lines = [[at, _to_json(path), digest.hex()] for at, path, digest in block]
        answer = _ask(process, json.dumps(lines))
        if answer is None:
            return None
        self._idle.put(process)
        bad = json.loads(answer)
        return None if bad is None else {int(at): str(why) for at, why in bad.items()}

    def end(self) -> None:
        """End the processes, at once."""
        for process in self._all:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):  # what a process that has died did not read
                    if stream is not None:
                        stream.close()


@contextmanager
def decoders(
    stream: IO[bytes], start: int, shape: Shape, images: int, pixels: int, *, as_lines: bool
) -> Iterator[Decoders | None]:
    """Hold processes while this context lasts, if there is enough to decode to repay them; else None.

    Args:
        stream: The open file.
        start: As `Decoders`.
        shape: As `Decoders`.
        images: How many there are.
        pixels: Of all of them, as they are stored.
        as_lines: As `Decoders`.
    """
    work = images * PER_IMAGE + pixels * PER_PIXEL
    if work < WORTH or (os.cpu_count() or 1) < 2 or not hasattr(os, "pwrite") or not sys.executable:
        yield None
        return
    held = Decoders(stream.fileno(), start, shape, as_lines=as_lines)
    try:
        yield held
    finally:
        held.end()


def _start(file: int, task: Sequence[object]) -> subprocess.Popen[str]:
    """Start a process in a session of its own, so that Ctrl-C in a terminal reaches this one alone, which ends it."""
    command = [sys.executable, "-P", "-m", "dl_vision.decoders", json.dumps([file, *task])]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, text=True, pass_fds=(file,), start_new_session=True, **pipes)


def _ask(process: subprocess.Popen[str], line: str) -> str | None:
    """Return the line that a process answers with; None if it has died."""
    if process.stdin is None or process.stdout is None:
        return None
    try:
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return process.stdout.readline() or None
    except (OSError, ValueError):
        return None


def _to_json(path: str) -> object:
    return [path.archive, path[len(path.archive) + 1 :], path.start, path.size] if isinstance(path, Packed) else path


def keep_at(file: int, start: int, size: int) -> Keep:
    """Return a function that writes an image to its place in an open file: a new page of a map costs more than that.

    Args:
        file: Descriptor of the file.
        start: Where its first image lies, in bytes.
        size: Of an image, in bytes.
    """

    def write(position: int, image: Any) -> None:
        left, at = memoryview(image).cast("B"), start + position * size
        while left:
            done = os.pwrite(file, left, at)
            left, at = left[done:], at + done

    return write


def _from_json(path: str | tuple[str, str, int, int]) -> str:
    return path if isinstance(path, str) else Packed.of(*path)


def _decode_block(lines: Sequence[Any], keep: Keep, shape: Shape, *, as_lines: bool) -> Bad | None:
    bad: Bad = {}
    try:
        for at, path, digest in lines:
            try:
                keep(at, decode_file(_from_json(path), bytes.fromhex(digest), shape, as_line=as_lines))
            except BadFile as error:
                bad[at] = str(error)
    except (BadData, OSError, MemoryError):
        return None
    return bad


def main() -> None:
    """Decode the blocks that standard input names, until it ends."""
    file, start, shape, as_lines = json.loads(sys.argv[1])
    keep = keep_at(file, start, math.prod(shape))
    with strict_pillow():
        for line in sys.stdin:
            print(json.dumps(_decode_block(json.loads(line), keep, shape, as_lines=as_lines)), flush=True)


if __name__ == "__main__":
    main()
