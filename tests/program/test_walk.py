"""The walk of docs/walk.md: its stations exist, and a real fit passes them in their order."""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/walk.md").read_text(encoding="utf-8")
STATIONS = [
    (name, (ROOT / "docs" / path).resolve())
    for name, path in re.findall(r"^\[`(\w+)`\]\(([^)]+)\) in ", PAGE, re.MULTILINE)
]
TEXTS = [
    re.sub(r"^## .*$", "", text, flags=re.MULTILINE) for text in re.split(r"^\[`.*$", PAGE, flags=re.MULTILINE)[1:]
]


def defined(path):
    return {
        node.name: node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }


def test_the_walk_has_ten_stations_each_in_a_file_of_its_own():
    assert len(STATIONS) == len(TEXTS) == len({path for _, path in STATIONS}) == 10


def test_every_station_names_what_its_file_defines():
    for name, path in STATIONS:
        assert name in defined(path), f"{path} has no {name}"


def test_every_function_that_the_text_of_a_station_names_is_there():
    for (_, path), text in zip(STATIONS, TEXTS, strict=True):
        for name in re.findall(r"`([a-z]+_[a-z_]+)`", text):
            methods = [m.name for c in defined(path).values() for m in c.body if isinstance(m, ast.FunctionDef)]
            assert name in defined(path) or name in methods, f"{path} has no {name}"


def test_a_station_is_told_in_three_or_four_sentences():
    for text in TEXTS:
        assert 3 <= len(re.findall(r"[.](?=\s)", text)) <= 4, text


def test_a_real_fit_enters_the_stations_in_their_order(dl_run):
    entered = []
    homes = {str(path): (name, number) for number, (name, path) in enumerate(STATIONS)}
    wanted = {}
    for (name, path), text in zip(STATIONS, TEXTS, strict=True):
        of_class = isinstance(defined(path)[name], ast.ClassDef)  # it is entered where the text says
        wanted[str(path)] = set(re.findall(r"`([a-z]+_[a-z_]+)`", text)) if of_class else {name}

    def note(frame, event, _):
        if event == "call" and (file := frame.f_code.co_filename) in homes:
            number = homes[file][1]
            if frame.f_code.co_name in wanted[file] and number not in entered:
                entered.append(number)

    sys.setprofile(note)
    try:
        answer = dl_run("fit", "vision", "digits", "--model", "dense", "epochs=1")
    finally:
        sys.setprofile(None)
    assert answer.code == 0, answer.err
    assert entered == sorted(entered), entered
    assert len(entered) == len(STATIONS)
