"""Bad input of every kind through the command line: an exit code of the table, no traceback, nothing that acts.

Each input has a name and a group; docs/bad-input.md counts them. All run in this process, against a run of each
of two domains.
"""

import os
import signal
import struct
import sys
import traceback
import warnings
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import bad_files, fuzz
from dl import sealed
from dl.cli.main import run
from dl.cli.streams import ProgressFile, ResultFile, guarded

CODES = {0, 1, 2, 3, 4, 130, 143}
FIT = ("epochs=1", "--accelerator", "cpu", "--devices", "1", "--model", "dense", "width=4")
LONGEST = 60  # seconds after which an input counts as one that hangs
ROWS = "".join(f"{k},{k % 7},{'yn'[k % 2]}\n" for k in range(24))
TABLE = f"size,age,label\n{ROWS}"


@dataclass(frozen=True)
class Bad:
    """One bad input.

    Args:
        group: Of the table.
        name: Of the input, unique in its group.
        words: Of the command line; {here} is the folder of the input, {runs} one of good runs.
        make: Writes the input into a folder.
        code: Its exit code; None for any of the table.
    """

    group: str
    name: str
    words: tuple[str, ...]
    make: object = field(default=lambda folder: None, repr=False)
    code: int | None = None


def written(name, content):
    """A function that writes one file."""
    data = content if isinstance(content, bytes) else content.encode()

    def make(folder):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)

    return make


ODD_NAMES = {
    "markup": "[red]a[/red]",
    "unclosed markup": "[/]",
    "an escape": "a\x1b[31mb",
    "a title of the terminal": "\x1b]0;x\x07",
    "a newline": "a\nb",
    "right to left": "a\u202eb",
    "a tag": "<script>alert(1)<",
    "a formula": "=cmd()",
    "no UTF-8": os.fsdecode(b"caf\xe9"),
    "a dash": "-x",
    "an equals sign": "epochs=3",
    "spaces": "  ",
    "a percent": "%s%n{0}",
    "255 bytes": "n" * 250,
    "a C1 control": "a\x9b31mb",
}


def odd_names():
    for what, name in ODD_NAMES.items():
        table = name.rstrip("/") + ".csv"
        yield Bad("names", f"{what}, a table to show", ("show", f"./{table}"), written(table, TABLE))
        yield Bad(
            "names", f"{what}, a table to predict", ("predict", "1", f"./{table}", "--csv"), written(table, TABLE)
        )
        yield Bad("names", f"{what}, a name to look up", ("show", "--runs", "../runs", "--", name), code=2)
    for what in ("markup", "an escape", "a newline", "right to left", "no UTF-8"):
        name = ODD_NAMES[what]
        yield Bad("names", f"{what}, a class", ("check", "vision", "./pets"), classes(name, "other"))
        yield Bad("names", f"{what}, an image to predict", ("predict", "2", f"./{name}.png"), image(f"{name}.png"))
        words = ("predict", "2", f"./{name}.png", "--csv")
        yield Bad("names", f"{what}, an image to predict as CSV", words, image(f"{name}.png"))
        text = f"size,{name.strip()!r},label\n{ROWS}".encode("utf-8", "surrogateescape")
        yield Bad("names", f"{what}, a column", ("check", "tabular", "t.csv"), written("t.csv", text))
        cells = TABLE.replace(",y\n", f',"{name}"\n').encode("utf-8", "surrogateescape")
        yield Bad("names", f"{what}, a label", ("check", "tabular", "t.csv"), written("t.csv", cells))


TABLES = {
    "empty": b"",
    "one line": b"a,b,c\n",
    "UTF-16": TABLE.encode("utf-16"),
    "UTF-16 without a mark": TABLE.encode("utf-16-le"),
    "a byte order mark": b"\xef\xbb\xbf" + TABLE.encode(),
    "semicolons": TABLE.replace(",", ";").encode(),
    "a column twice": TABLE.replace("age", "size").encode(),
    "1e400": TABLE.replace("\n1,", "\n1e400,").encode(),
    "inf": TABLE.replace("\n1,", "\ninf,").encode(),
    "nan": TABLE.replace("\n1,", "\nnan,").encode(),
    "ids over 2^53": TABLE.replace("\n", "\n90071992547409", 20).encode(),
    "an integer over 2^63": TABLE.replace("\n1,", "\n9" + "9" * 20 + ",").encode(),
    "10,000 digits": TABLE.replace("\n1,", "\n" + "9" * 10_000 + ",").encode(),
    "a long row": TABLE.encode() + b"1,2,y,4,5\n",
    "a short row": TABLE.encode() + b"1\n",
    "an open quote": TABLE.encode() + b'"1,2,y\n',
    "null bytes": TABLE.replace("\n2,", "\n\x00,").encode(),
    "no UTF-8": TABLE.encode() + b"\xff\xfe\xfa,2,y\n",
    "carriage returns": TABLE.replace("\n", "\r").encode(),
    "5,000 columns": (",".join(f"c{k}" for k in range(5000)) + ",label\n").encode() + (b"1," * 5000 + b"y\n") * 3,
    "one class": TABLE.replace(",n\n", ",y\n").encode(),
    "no label at all": TABLE.replace(",n\n", ",\n").replace(",y\n", ",\n").encode(),
    "a class of one": TABLE.encode() + b"1,2,z\n",
    "one row": b"size,age,label\n1,2,y\n",
    "constant columns": b"size,age,label\n" + b"1,1,y\n1,1,n\n" * 12,
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a zip": b"PK\x03\x04" + bytes(200),
    "a pickle": b"\x80\x04cos\nsystem\n(S'touch ran'\ntR.",
    "control characters": TABLE.replace("y\n", "y\x1b[2J\x07\n").encode(),
}


def tables():
    for what, content in TABLES.items():
        yield Bad("tables", what, ("check", "tabular", "t.csv"), written("t.csv", content))
    for what in ("empty", "semicolons", "a column twice", "1e400", "UTF-16", "no UTF-8", "null bytes", "a long row"):
        words = ("predict", "1", "t.csv", "--json")
        yield Bad("tables", f"{what}, to predict", words, written("t.csv", TABLES[what]))
    for suffix in ("jsonl", "parquet", "csv.gz", "csv.xz", "csv.zst", "xlsx", "json"):
        for what, content in (("text", TABLE.encode()), ("nothing", b"")):
            words = ("check", "tabular", f"t.{suffix}")
            yield Bad("tables", f"{what} in .{suffix}", words, written(f"t.{suffix}", content))
    lines = {"deep nesting": "[" * 100_000, "lists": "[1]\n" * 9, "keys twice": '{"a": 1, "a": 2, "label": "y"}\n' * 9}
    lines |= {"NaN": '{"a": NaN, "label": "y"}\n' * 9, "objects": '{"a": {"b": 1}, "label": "y"}\n' * 9}
    for what, text in lines.items():
        yield Bad("tables", f"{what} in .jsonl", ("check", "tabular", "t.jsonl"), written("t.jsonl", text))


def image(name, mode="L", size=(4, 4), seed=0, **how):
    """A function that writes an image of noise."""

    def make(folder):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(seed).integers(0, 255, size, dtype=np.uint8)
        Image.fromarray(noise).convert(mode).save(os.fsencode(folder / name), **({"format": "PNG"} | how))

    return make


def classes(first="cat", second="dog", then=lambda folder: None):
    """A function that writes two classes of images into ./pets, and something more."""

    def make(folder):
        for number in range(20):
            image(f"pets/{(first, second)[number % 2]}/{number}.png", seed=number)(folder)
        then(folder / "pets" / second)

    return make


def bomb(folder):
    """Write a PNG of 60,000 x 60,000 pixels in a few bytes."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0))
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100))))


def truncated(folder):
    image("bad.png", size=(64, 64))(folder)
    (folder / "bad.png").write_bytes((folder / "bad.png").read_bytes()[:200])


def animated(folder):
    frames = [Image.new("L", (4, 4), shade) for shade in (0, 99, 200)]
    frames[0].save(folder / "bad.gif", save_all=True, append_images=frames[1:])


def deep(folder):
    Image.fromarray(np.full((4, 4), 40_000, np.uint16)).save(folder / "bad.png")


IMAGES = {
    "truncated": truncated,
    "a bomb": bomb,
    "empty": written("bad.png", b""),
    "text": written("bad.png", "words"),
    "CMYK": image("bad.jpg", "CMYK", format="JPEG"),
    "16 bits": deep,
    "animated": animated,
    "transparent": image("bad.png", "RGBA"),
    "a palette": image("bad.png", "P"),
    "one bit": image("bad.png", "1"),
    "another size": image("bad.png", size=(9, 5)),
    "one pixel": image("bad.png", size=(1, 1)),
    "a TIFF named png": image("bad.png", format="TIFF"),
    "an SVG": written("bad.svg", "<svg/>"),
    "a FIFO": lambda folder: os.mkfifo(folder / "bad.png"),
    "a broken link": lambda folder: (folder / "bad.png").symlink_to("nowhere"),
    "a link to itself": lambda folder: (folder / "bad.png").symlink_to("bad.png"),
    "a device": lambda folder: (folder / "bad.png").symlink_to("/dev/zero"),
    "a folder": lambda folder: (folder / "bad.png").mkdir(),
    "a link to its parent": lambda folder: (folder / "more").symlink_to(".."),
}


def images():
    for what, make in IMAGES.items():
        yield Bad("images", what, ("check", "vision", "./pets"), classes(then=make))
        if what not in ("an SVG", "animated", "CMYK", "a link to its parent"):
            yield Bad("images", f"{what}, to predict", ("predict", "2", "bad.png"), make)


RECIPES = {
    "10 MB": "# " + "x" * 10_000_000,
    "deep nesting": "a = " + "[" * 10_000,
    "deep tables": "[" + ".".join(["a"] * 5000) + "]\n",
    "an unknown key": "[trian]\nlr = 1",
    "an unknown option": "[model]\nname = 'dense'\n[train]\nlearning = 1",
    "another version": "version = 99",
    "a list": "[[model]]\nname = 'dense'",
    "wrong types": "model = 3\ntrain = 'x'\nseed = []",
    "a date": "seed = 2020-01-01",
    "a huge number": "seed = 1" + "0" * 5000,
    "nan": "[model]\nname = 'dense'\n[train]\nlr = nan",
    "binary": bytes(range(256)),
    "UTF-16": "seed = 1".encode("utf-16"),
    "a dotted path": "[model]\nname = 'os.system'",
    "empty": "",
}


def recipes():
    for what, text in RECIPES.items():
        words = ("fit", "tabular", "../t.csv", "--recipe", "./mine.toml", "epochs=1")
        yield Bad("recipes", what, words, written("mine.toml", text), None if what == "empty" else 2)


VALUES = ("nan", "inf", "-1", "1e400", "9" * 400, "0x10", "", "١", "1_0", "true", "[1]", "\x1b[31m", "None", "-0.0")
OPTIONS = ("epochs", "lr", "batch_size", "val", "width", "dropout")


def options():
    for number, value in enumerate(VALUES):
        for option in (OPTIONS[number % 6], OPTIONS[(number + 1) % 6]):
            words = ("fit", "tabular", "../t.csv", f"{option}={value}", *(["epochs=1"] if option != "epochs" else []))
            yield Bad("options", f"{option}={value[:12]!r}", words)
    flags = {
        "--seed": ("-1", "9" * 30, "x"),
        "--devices": ("0", "99999", "-5", "x"),
        "--precision": ("8",),
        "--recipe": ("/", "\x00"),
        "--target": ("gone", "[red]"),
        "--reg": ("l2=nan", "l2=1e400", "=", "\x1b"),
    }
    for flag, values in flags.items():
        for value in values:
            if "\x00" not in value:
                yield Bad("options", f"{flag} {value[:12]!r}", ("fit", "tabular", "../t.csv", flag, value), code=2)
    others = {
        "predict --tokens": ("predict", "1", "../t.csv", "--tokens", "-1"),
        "predict --temperature": ("predict", "1", "../t.csv", "--temperature", "nan"),
        "predict of no path": ("predict", "1"),
        "report --width": ("report", "1", "--width", "-1"),
        "report of a number too large": ("report", "9" * 500),
        "test of a path too long": ("test", "a" * 5000),
        "ls of runs in a device": ("ls", "runs", "--runs", "/dev/null"),
        "cv of 10^9 folds": ("cv", "tabular", "../t.csv", "--folds", "1000000000"),
        "tune of -1 trials": ("tune", "tabular", "../t.csv", "--trials", "-1"),
        "an unknown verb": ("fitt",),
        "a flag alone": ("--nothing",),
        "show of nothing": ("show", ""),
    }
    for what, words in others.items():
        yield Bad("options", what, words)


MANIFESTS = {
    "a list": "[1, 2]",
    "a number": "5",
    "a string": '"x"',
    "null": "null",
    "other keys": '{"name": "x", "loss": 1}',
    "half": '{"format": 1, "na',
    "empty": "",
    "binary": bytes(range(256)),
    "deep nesting": "[" * 10_000_000,
    "deep objects": '{"a":' * 1_000_000,
    "a huge number": '{"format": ' + "9" * 10_000 + "}",
    "a list as format": '{"format": [1]}',
    "NaN": '{"format": NaN}',
    "UTF-16": '{"format": 1}'.encode("utf-16"),
}
READERS = (("ls", "runs"), ("report", "9"), ("show", "9"), ("test", "9"), ("predict", "9", "../t.csv"), ("status", "9"))


def foreign(make):
    """A function that writes a folder of runs in which one is foreign."""

    def write(folder):
        (folder / "runs" / "0009-foreign").mkdir(parents=True)
        make(folder / "runs" / "0009-foreign")

    return write


def runs_of_others():
    for number, (what, text) in enumerate(MANIFESTS.items()):
        for verb in {READERS[0], READERS[1 + number % 5], READERS[1 + (number + 2) % 5]}:
            words = (*verb, "--runs", "./runs")
            yield Bad("runs", f"run.json: {what}, {verb[0]}", words, foreign(written("run.json", text)))
    special = {
        "a FIFO": lambda folder: os.mkfifo(folder / "run.json"),
        "a device": lambda folder: (folder / "run.json").symlink_to("/dev/zero"),
        "a folder": lambda folder: (folder / "run.json").mkdir(),
        "a link to itself": lambda folder: (folder / "run.json").symlink_to("run.json"),
    }
    for what, make in special.items():
        for verb in READERS:
            yield Bad("runs", f"run.json: {what}, {verb[0]}", (*verb, "--runs", "./runs"), foreign(make))
    for name in ("study.json", "workflow.json", "fits.json"):
        for what, make in (("a list", written(name, "[1]")), ("a FIFO", lambda f, name=name: os.mkfifo(f / name))):
            for verb in (("ls", "runs"), ("status", "9"), ("report", "9")):
                yield Bad("runs", f"{name}: {what}, {verb[0]}", (*verb, "--runs", "./runs"), foreign(make))
    files = ("history.csv", "recipe.toml", "best.safetensors", "preprocessor.json", "outcomes", "findings.json")
    for name in files:
        for what in ("a FIFO", "binary"):
            for verb in (("report", "1"), ("predict", "1", "../t.csv"), ("ls", "runs"), ("test", "1")):
                words = (*verb, "--runs", "./runs")
                yield Bad("runs", f"{name}: {what}, {verb[0]}", words, damaged(name, what))
    yield Bad(
        "runs", "the ledger: a FIFO", ("report", "1", "--runs", "./runs"), damaged("../test-evaluations.csv", "a FIFO")
    )


def damaged(name, how):
    """A function that copies the good run of a table and puts something else in the place of one of its files."""
    import shutil

    def write(folder):
        source = next(path for path in (folder.parent / "runs").iterdir() if path.name.startswith("0001"))
        shutil.copytree(source, folder / "runs" / source.name)
        path = folder / "runs" / source.name / name
        path = sealed.place(path / "examples.npz" if path.is_dir() else path)
        path.unlink(missing_ok=True)
        os.mkfifo(path) if how == "a FIFO" else path.write_bytes(bytes(range(256)))

    return write


def places():
    things = {
        "a FIFO": lambda folder: os.mkfifo(folder / "t.csv"),
        "a device": lambda folder: (folder / "t.csv").symlink_to("/dev/zero"),
        "a folder": lambda folder: (folder / "t.csv").mkdir(),
        "a broken link": lambda folder: (folder / "t.csv").symlink_to("nowhere"),
        "a link to itself": lambda folder: (folder / "t.csv").symlink_to("t.csv"),
        "missing": lambda folder: None,
    }
    verbs = {
        "fit": ("fit", "tabular", "t.csv", *FIT),
        "check": ("check", "tabular", "t.csv"),
        "show": ("show", "t.csv"),
        "predict": ("predict", "1", "t.csv"),
        "fit of text": ("fit", "text", "t.csv", "epochs=1"),
        "recipe": ("fit", "tabular", "../t.csv", "--recipe", "./t.csv"),
        "model file": ("fit", "tabular", "../t.csv", "--model", "./t.csv"),
        "model file in Python": ("fit", "tabular", "../t.csv", "--model", "./t.py"),
        "lock": ("install", "--lock", "t.csv"),
    }
    for what, make in things.items():
        for verb, words in verbs.items():
            yield Bad("places", f"{what}, {verb}", words, made_as(make, words))
    for verb in (("fit", "tabular", "../t.csv", *FIT), ("ls", "runs"), ("cv", "tabular", "../t.csv", *FIT)):
        for place in ("/proc/none", "/dev/null/x", "/sys/x", "./file/x", "a" * 300):
            name = f"runs in {place[:12]}, {verb[0]}"
            yield Bad("places", name, (*verb, "--runs", place), written("file", "x"))


def made_as(make, words):
    """A function that makes the thing, under the name with .py if the words say so."""

    def write(folder):
        make(folder)
        if "./t.py" in words and os.path.lexists(folder / "t.csv"):
            (folder / "t.csv").rename(folder / "t.py")

    return write


BAD = [*odd_names(), *tables(), *images(), *recipes(), *options(), *runs_of_others(), *places()]
GROUPS = {
    "names": "markup, escapes, line breaks, right to left, formulas, no UTF-8, in files, classes, columns and labels",
    "tables": "UTF-16, semicolons, a column twice, 1e400, cut off, compressed or not, 5,000 columns, pickles",
    "images": "truncated, a bomb, CMYK, 16 bits, animated, FIFO, broken link, link to its parent",
    "recipes": "10 MB, deep nesting, unknown keys, wrong types, other versions, binary",
    "options": "NaN, infinite, huge, negative, empty, digits of other scripts, unknown flags and verbs",
    "runs": "a list, a number, other keys, 10 MB of nesting, a FIFO, a device in the place of each file of a run",
    "places": "FIFO, device, folder, broken link or link to itself as data, recipe, model or lock; unwritable folders",
}
# In `make test` every eleventh, so that each group, and nearly each verb, is among them.
SHORT = BAD[::11]


@pytest.fixture(scope="module")
def home(tmp_path_factory, one_thread):
    """A folder with a table and a run of each of two domains."""
    root = tmp_path_factory.mktemp("fuzz")
    (root / "t.csv").write_text(TABLE)
    classes()(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("DL_CACHE", str(root / "cache"))
        for words in (("tabular", "t.csv"), ("vision", "./pets")):
            assert outcome(root, ("fit", *words, *FIT, "--runs", "runs"))[0] == 0
    return root


def outcome(folder, words):
    """Run dl in this process: its exit code, stdout and stderr; a raised exception is a traceback on stderr."""
    kept = sys.stdout, sys.stderr, warnings.showwarning
    paths = [folder / ".out", folder / ".err"]
    sys.stdout, sys.stderr = (
        guarded(kind(path, "wb"), None) for kind, path in zip((ResultFile, ProgressFile), paths, strict=True)
    )
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(LONGEST)
    try:
        code = run([str(word) for word in words])
    except SystemExit as exit:
        code = exit.code
    except BaseException:
        code = None
        traceback.print_exc()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        for stream in (sys.stdout, sys.stderr):
            stream.close()
        sys.stdout, sys.stderr, warnings.showwarning = kept
    return code, *(path.read_bytes().decode("utf-8", "surrogateescape") for path in paths)


class Hangs(BaseException):
    """An input that is not answered in time."""


def _too_long(_number, _frame):
    raise Hangs


def fault(bad, home, folder):
    """What is wrong with the answer to one bad input; empty for nothing."""
    bad.make(folder)
    words = bad.words if "--runs" in bad.words else (*bad.words, *_runs(bad.words[0]))
    code, out, err = outcome(folder, words)
    if code not in CODES or "Traceback" in out + err:
        return f"{code}: {err[-3000:]}"
    if bad.code is not None and code != bad.code:
        return f"{code}, not {bad.code}: {err[-300:]}"
    if code in (2, 3, 4) and not err.splitlines()[-1].startswith("dl: "):
        return f"no line of dl: {err[-300:]!r}"
    if "DL_PLUGINS=-" in err:
        return f"a plugin of dl is blamed: {err[-300:]!r}"
    acting = [
        c
        for c in (err if "--csv" in words else out + err)
        if not c.isprintable() and c not in "\n" and not "\udc80" <= c <= "\udcff"
    ]
    return f"characters that act: {acting[:5]}" if acting else ""


def _runs(verb):
    takes = ("fit", "cv", "tune", "show", "predict", "report", "test", "ls", "status", "doctor", "check")
    return ("--runs", "../runs") if verb in takes and verb != "check" else ()


def _tried(cases, home, tmp_path, monkeypatch):
    monkeypatch.setenv("DL_CACHE", str(home / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    faults = {}
    for number, bad in enumerate(cases):
        folder = home / f"input{number}"
        folder.mkdir()
        monkeypatch.chdir(folder)
        if found := fault(bad, home, folder):
            faults[f"{bad.group}: {bad.name}"] = found
    return faults


def table():
    """The table of docs/bad-input.md: how many inputs there are in each group, and some of their names."""
    rows = ["| group | inputs | such as |", "|---|---:|---|"]
    for group, examples in GROUPS.items():
        rows.append(f"| {group} | {sum(bad.group == group for bad in BAD)} | {examples} |")
    return "\n".join([*rows, f"| all | {len(BAD)} | |"])


def test_the_page_counts_the_inputs():
    page = (Path(__file__).parents[2] / "docs/bad-input.md").read_text()
    assert page.partition("<!-- inputs -->\n")[2].partition("\n<!-- /inputs -->")[0] == table()


def test_every_input_has_a_name_of_its_own_and_there_are_enough():
    names = [(bad.group, bad.name) for bad in BAD]
    assert len(names) == len(set(names)) >= 300 and {bad.group for bad in SHORT} == {bad.group for bad in BAD}


def test_bad_input_is_an_exit_code_and_a_line(home, tmp_path, monkeypatch):
    assert _tried(SHORT, home, tmp_path, monkeypatch) == {}


@pytest.mark.slow
def test_all_bad_input_is_an_exit_code_and_a_line(home, tmp_path, monkeypatch):
    assert _tried(BAD, home, tmp_path, monkeypatch) == {}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory, one_thread):
    """A folder with data and a run of each kind, for input that is drawn at random."""
    root = tmp_path_factory.mktemp("drawn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DL_CACHE", str(root / "cache"))
        patch.setenv("COLUMNS", "200")
        fuzz.prepare(root)
        yield root


def faults_of(drawn, count, seed, monkeypatch):
    monkeypatch.setenv("DL_CACHE", str(drawn / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    for number in range(count):
        group, words, answer = fuzz.one(drawn, number, seed)
        if why := answer.fault(raw="--csv" in words):
            yield group, number, words, why


@pytest.mark.check
def test_some_input_drawn_at_random_is_an_exit_code_and_a_line(drawn, monkeypatch):
    assert list(faults_of(drawn, 2 * len(fuzz.GROUPS), 7, monkeypatch)) == []


@pytest.mark.slow
def test_input_drawn_at_random_is_an_exit_code_and_a_line(drawn, monkeypatch):
    assert list(faults_of(drawn, fuzz.INPUTS, fuzz.SEED, monkeypatch)) == []


def test_a_table_without_a_header_is_changed_in_every_way():
    for seed in range(100):
        bad_files._changed(np.random.default_rng(seed), [[], ["1", "a"]])
