"""Damaged tables, images, texts and shards, drawn at random, for `benchmarks.fuzz`."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

Rng = np.random.Generator
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "utf-7", "cp037")
SUFFIXES = (
    ".csv",
    ".csv",
    ".csv",
    ".csv",
    ".tsv",
    ".csv.gz",
    ".jsonl",
    ".parquet",
    ".json",
    ".csv.bz2",
    ".csv.xz",
    ".txt",
)
CELLS: tuple[str, ...] = (
    "",
    "nan",
    "inf",
    "-inf",
    "1e400",
    "9" * 25,
    "0x1F",
    "1,5",
    '"',
    '""',
    "\x00",
    "\x1b[2J",
    "\u202e",
    "é",
    "NULL",
    "NA",
)
CELLS += (
    "2020-13-45",
    "2026-01-01T00:00:00Z",
    "true",
    "[1]",
    "=1+1",
    " ",
    "a\nb",
    "-0",
    "1e-400",
    "٣",
    "\ufeff",
    "x" * 200_000,
)


def _bytes(rng: Rng, n: int) -> bytes:
    return rng.integers(0, 256, n, np.uint8).tobytes()


def flipped(rng: Rng, path: Path) -> None:
    """Change, cut off, empty or repeat the bytes of a file."""
    content = bytearray(path.read_bytes())
    how = int(rng.integers(5))
    if how < 2:
        for at in rng.integers(0, len(content), 1 if how else 20):
            content[at] ^= 1 << int(rng.integers(8))
    elif how == 2:
        del content[int(rng.integers(len(content))) :]
    elif how == 3:
        content += content[: int(rng.integers(1, len(content) + 1))]
    else:
        content = bytearray(_bytes(rng, len(content)))
    path.write_bytes(content)


def _rows(rng: Rng) -> list[list[str]]:
    n, columns = int(rng.choice([1, 2, 5, 40, 40, 40])), int(rng.choice([1, 2, 3, 4]))
    names = ["size", "age", "label", "text"][:columns]
    values = [[str(k % 11), str(k % 7), "yn"[k % 2], f"a day {k}"][:columns] for k in range(n)]
    return [names, *values]


def _changed(rng: Rng, rows: list[list[str]]) -> None:
    """Change cells, rows or columns of a table in one way."""
    row, column = int(rng.integers(len(rows))), int(rng.integers(max(len(rows[0]), 1)))
    cell = str(CELLS[int(rng.integers(len(CELLS)))])
    ways: list[Callable[[], object]] = [
        lambda: rows[row].__setitem__(column % max(len(rows[row]), 1), cell) if rows[row] else None,
        lambda: [line.__setitem__(column, cell) for line in rows[1:] if len(line) > column],  # a whole column
        lambda: rows[row].append(cell),  # ragged
        lambda: rows.__setitem__(row, rows[row][:-1]),
        lambda: rows[0].__setitem__(column, rows[0][0]) if rows[0] else None,  # a column twice
        lambda: rows[0].__setitem__(column, cell) if rows[0] else None,  # a strange name
        lambda: rows.insert(row, []),
        lambda: rows.pop(0) if len(rows) > 1 else None,  # no header
        lambda: [line.__setitem__(slice(None), [""] * len(line)) for line in rows[1:]],  # all missing
        lambda: [line.__setitem__(slice(len(line), None), ["1"] * 2000) for line in rows],  # wide
    ]
    ways[int(rng.integers(len(ways)))]()


def bad_table(rng: Rng, here: Path) -> str:
    """Write a table with what is wrong with it, and return its name."""
    rows = _rows(rng)
    for _ in range(int(rng.integers(0, 4))):
        _changed(rng, rows)
    separator = str(rng.choice([",", ",", ",", ";", "\t", "|"]))
    quote = (lambda cell: f'"{cell}"') if rng.random() < 0.3 else (lambda cell: cell)
    end = str(rng.choice(["\n", "\n", "\r\n", "\r"]))
    text = end.join(separator.join(map(quote, row)) for row in rows) + end
    encoding = str(rng.choice(ENCODINGS)) if rng.random() < 0.2 else "utf-8"
    content = text.encode(encoding, "replace")
    suffix = str(SUFFIXES[int(rng.integers(len(SUFFIXES)))])
    if rng.random() < 0.7:
        content = (
            gzip.compress(content)
            if suffix.endswith("gz")
            else bz2.compress(content)
            if suffix.endswith("bz2")
            else content
        )
    path = here / f"bad{suffix}"
    path.write_bytes(content if rng.random() > 0.07 else _bytes(rng, int(rng.integers(0, 3000))))
    if rng.random() < 0.15 and path.stat().st_size:
        flipped(rng, path)
    return path.name


def _noise(rng: Rng, shape: tuple[int, ...] = (8, 8)) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, shape, np.uint8))


def _saved(image: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **how)
    return stream.getvalue()


def _bomb(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def bad_image(rng: Rng) -> bytes:
    """Return the bytes of one image with what is wrong with it."""
    ways: list[Callable[[], bytes]] = [
        lambda: _saved(_noise(rng))[: int(rng.integers(0, 90))],
        lambda: b"",
        lambda: _bytes(rng, 300),
        lambda: _saved(_noise(rng).convert("CMYK"), "JPEG"),
        lambda: _saved(Image.fromarray(rng.integers(0, 60_000, (8, 8)).astype(np.uint16))),
        lambda: _saved(_noise(rng), "GIF", save_all=True, append_images=[_noise(rng), _noise(rng)]),
        lambda: _bomb(int(rng.choice([20_000, 60_000, 2**31 - 1, 0]))),
        lambda: _saved(_noise(rng, (8, 8, 4))),
        lambda: _saved(_noise(rng).convert("P"), transparency=3),
        lambda: _saved(_noise(rng).convert("1")),
        lambda: _saved(_noise(rng, (1, 3000))),
        lambda: _saved(_noise(rng), "TIFF"),
        lambda: _saved(Image.fromarray(rng.normal(size=(8, 8)).astype(np.float32)), "TIFF"),
        lambda: _saved(_noise(rng), "WEBP"),
        lambda: _saved(_noise(rng), "BMP"),
        lambda: _damaged(rng, _saved(_noise(rng, (30, 30, 3)), "JPEG")),
        lambda: _damaged(rng, _saved(_noise(rng, (30, 30, 3)))),
        lambda: _saved(_noise(rng, (9, 7, 3)), "JPEG", exif=_bytes(rng, 60)),
    ]
    return ways[int(rng.integers(len(ways)))]()


def _damaged(rng: Rng, content: bytes) -> bytes:
    changed = bytearray(content)
    for at in rng.integers(0, len(content), 5):
        changed[at] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def bad_images(rng: Rng, here: Path, *, bad: bool = True) -> tuple[str, str]:
    """Write two classes of images, and bad ones among them; return the folder and one of the bad."""
    classes, n = (
        (("cat", "dog"), 12)
        if not bad
        else (("cat", "dog", "bird")[: int(rng.integers(1, 4))], int(rng.choice([0, 1, 3, 12])))
    )
    for number in range(max(n, 1) * len(classes)):
        folder = here / "pets" / classes[number % len(classes)]
        folder.mkdir(parents=True, exist_ok=True)
        if n:
            (folder / f"{number}.png").write_bytes(_saved(_noise(rng)))
    if not bad:
        return "pets", ""
    names = (
        "bad.png",
        "bad.jpg",
        "bad.gif",
        "BAD.JPEG",
        ".bad.png",
        "bad.webp",
        "bad.svg",
        "bad.tif",
        "bad",
        "a\x1b[31m.png",
    )
    for number in range(int(rng.integers(1, 4))):
        name = str(names[int(rng.integers(len(names)))])
        (here / name).write_bytes(bad_image(rng))
        (folder / f"{number}{name}").write_bytes((here / name).read_bytes())
    links = {"loop": "..", "self.png": "self.png", "gone.png": "nowhere", "zero.png": "/dev/zero"}
    for link, target in links.items():
        if rng.random() < 0.1:
            (folder / link).symlink_to(target)
    if rng.random() < 0.1:
        os.mkfifo(folder / "fifo.png")
    return "pets", name


def bad_texts(rng: Rng, here: Path) -> str:
    """Write two classes of texts, or one file, with bad ones among them, and return its name."""
    contents: list[Callable[[], bytes]] = [
        lambda: b"",
        lambda: _bytes(rng, 400),
        lambda: "gut täglich".encode("latin-1"),
        lambda: "good day".encode("utf-16"),
        lambda: b"\x00" * 300,
        lambda: b"a" * 300_000,
        lambda: b"\x1b[2J\x07 red",
        lambda: b"\n" * 2000,
        lambda: "\u202e\ufeff\U0001f600 \udcff".encode("utf-8", "surrogatepass"),
        lambda: " ".join(str(k) for k in rng.integers(0, 10**6, 3000)).encode(),
    ]

    def draw() -> bytes:
        return contents[int(rng.integers(len(contents)))]()

    if rng.random() < 0.4:
        (here / "bad.txt").write_bytes(draw() + (b"good day. bad day.\n" * 60 if rng.random() < 0.5 else b""))
        return "bad.txt"
    for number in range(int(rng.choice([1, 4, 24]))):
        folder = here / "notes" / ("pos", "neg")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        good = f"a {'good' if number % 2 else 'bad'} day number {number}".encode()
        (folder / f"{number}.txt").write_bytes(draw() if rng.random() < 0.3 else good)
    return "notes"


def bad_shards(rng: Rng, here: Path) -> str:
    """Write two shards, with what is wrong with them, and return the folder."""
    (here / "shards").mkdir()
    for part in range(2):
        path = here / "shards" / f"part-{part}.tar"
        mode = str(rng.choice(["w", "w", "w", "w:gz", "w:xz"]))
        with tarfile.open(path, mode) as shard:  # type: ignore[call-overload]  # a mode that is drawn
            for number in range(int(rng.choice([0, 1, 20, 20]))):
                key = f"{part}{number:03d}"
                image = bad_image(rng) if rng.random() < 0.1 else _saved(_noise(rng))
                _add(shard, f"{key}.{_drawn(rng, ('png',) * 12 + ('jpg', 'PNG', 'npy', 'seg.png'))}", image)
                if rng.random() < 0.93:
                    label = _drawn(
                        rng, (str(number % 2),) * 16 + ("", "x" * 5000, "\x00", "-1", "9" * 30, "a\nb", "[red]", "1.5")
                    )
                    _add(shard, f"{key}.{_drawn(rng, ('cls',) * 12 + ('json', 'txt', 'CLS'))}", label.encode())
            if rng.random() < 0.3:
                _add_strange(rng, shard)
        if rng.random() < 0.3 and path.stat().st_size:
            flipped(rng, path)
    if rng.random() < 0.2:
        (here / "shards" / "more.tar").write_bytes(_bytes(rng, int(rng.integers(0, 2000))))
    return "shards"


def _drawn(rng: Rng, values: tuple[str, ...]) -> str:
    return values[int(rng.integers(len(values)))]


def _add(shard: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    shard.addfile(member, io.BytesIO(content))


def _add_strange(rng: Rng, shard: tarfile.TarFile) -> None:
    """Add a link, a device, a path that leaves the folder, a tar in a tar, or a name twice."""
    member = tarfile.TarInfo("0000.png")
    member.type = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE)[
        int(rng.integers(5))
    ]
    member.linkname = "/etc/passwd"
    shard.addfile(member)
    for name in (
        "../../x.png",
        "/x.png",
        "0001.png",
        "inner.tar",
        "\x1b[31m.png",
        "no-suffix",
        ".png",
        "deep/" * 30 + "a.png",
    ):
        if rng.random() < 0.3:
            _add(shard, name, _saved(_noise(rng)))
