"""What verbs print with --json: one document, in success and in failure, that keeps to its published schema."""

import json
import re
import shlex
import shutil
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from typer.main import get_group

from dl.cli.main import command_line
from dl.exit_codes import TABLE
from dl.testing.fits import kept_runs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/agents.md").read_text(encoding="utf-8")
SOURCES = {
    one: json.loads(files(one).joinpath("verbs.schema.json").read_text(encoding="utf-8"))
    for one in ("dl.cli", "dl_reports")
}
SCHEMAS = {name: schema for schema in SOURCES.values() for name in schema["$defs"]}
SHARED = {"metric", "finding"}  # parts of documents
WITHOUT = {"completion", "serve", "tutorial"}  # print a script, a log, a lesson


def fields(name):
    """The fields of a document, or of each in a list of them."""
    found = SCHEMAS[name]["$defs"][name]
    return set((found["items"] if found["type"] == "array" else found).get("properties", ()))


def verbs():
    """Every verb with its command, also those of groups."""
    for name, command in get_group(command_line()).commands.items():
        inner = getattr(command, "commands", {})
        if not inner or command.invoke_without_command:
            yield name, command
        yield from ((f"{name} {word}", one) for word, one in inner.items())


def check(name, document):
    """Compare a document with its schema."""
    jsonschema.Draft202012Validator({**SCHEMAS[name], "$ref": f"#/$defs/{name}"}).validate(document)


def printed(answer):
    """The one document on stdout, all numbers of which are finite."""
    return json.loads(answer.out, parse_constant=pytest.fail)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a run, which tests only read."""
    folder = tmp_path_factory.mktemp("runs")
    for number, name in enumerate(("is clean", "is a regression"), start=1):
        shutil.copytree(kept_runs()[name].path, folder / f"000{number}-mine")
    return folder


def test_every_verb_prints_json_and_the_page_lists_it():
    listed = {cell.strip("` ") for row in rows("call with `--json`") for cell in row[0].split(", ")}
    for name, command in verbs():
        assert (name in WITHOUT) != any("--json" in one.opts for one in command.params), name
        assert name in WITHOUT or any(f"{cell} ".startswith(f"dl {name} ") for cell in listed) or name[:4] == "new ", (
            name
        )


def rows(header):
    """The rows of the table on the page whose header begins like this."""
    (table,) = re.findall(rf"^\| {re.escape(header)} .*\n\|-.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()]


def test_the_page_lists_every_document_with_fields_that_it_has():
    report = json.loads(files("dl_reports").joinpath("report.schema.json").read_text(encoding="utf-8"))
    known = {SCHEMAS[name]["$defs"][name]["description"].rstrip("."): fields(name) for name in set(SCHEMAS) - SHARED}
    known |= {"dl report": set(report["properties"])}
    shown = {
        calls.replace("`", ""): set(re.findall(r"`(\w+)[.\w]*`", cell)) for calls, cell in rows("call with `--json`")
    }
    assert shown.keys() == known.keys()
    assert {calls for calls in shown if calls != "dl ls" and not shown[calls] <= known[calls]} == set()


def test_the_page_lists_every_exit_code_as_it_is_defined():
    assert rows("code") == [[str(one.code), one.name, one.meaning] for one in TABLE]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ls", "ls"),
        ("ls KIND", "ls regularizers"),
        ("ls runs", "ls runs"),
        ("show data", "show digits"),
        ("show model", "show convnet"),
        ("show task", "show multiclass"),
        ("show regularizer", "show l2"),
        ("show recipe", "show recipe vision/book-dense"),
        ("show run", "show 1"),
        ("show run", "show 2"),
        ("check", "check wine"),
        ("baseline", "baseline wine"),
        ("status", "status 1"),
        ("compare", "compare 1 1"),
        ("explain", "explain"),
        ("explain code", "explain fit-gap"),
        ("explain word", "explain gap"),
        ("doctor", "doctor 1"),
        ("plugins", "plugins"),
        ("error", "ls nosuch"),
        ("error", "fit --nosuch"),
        ("error", "stop 1"),
        ("error", "fit vision minst"),
        ("error", "rm 1"),
        ("error", "report 9"),
        ("error", "predict 1 nosuch.csv"),
    ],
)
def test_a_document_keeps_to_its_schema(name, words, dl_run, runs, monkeypatch):
    monkeypatch.setenv("DL_RUNS", str(runs))
    answer = dl_run(*words.split(), "--json")
    document = printed(answer)
    check(name, document)
    assert (name == "error") == (answer.code != 0)
    if name == "error":
        assert document["error"]["code"] == answer.code and answer.err.endswith(f"dl: {document['error']['line']}\n")


def test_what_is_written_is_told(dl_run, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(runs, tmp_path / "runs")
    (tmp_path / "a.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    for name, words in {
        "dl": "",
        "tag": "tag 1 kept",
        "board": "board --out site --reports 1",
        "new": "new plugin waves",
        "plugins lock": "plugins lock",
        "rm": "rm 2 --yes",
    }.items():
        check(name, printed(dl_run(*words.split(), "--json")))
    assert "--target y" in printed(dl_run("--json"))["next"][-1]


def test_a_board_is_told_with_the_page_that_it_wrote(dl_run, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = printed(dl_run("board", runs, "--out", "site", "--reports", "2", "--json"))
    check("board", document)
    assert document == {"path": "site/index.html", "runs": 2, "reports": 2} and Path(document["path"]).is_file()
    check("board", {"url": "http://127.0.0.1:8000/"})


def test_what_is_installed_and_removed_is_told(make_wheel, environment_at, tmp_path):
    wheel, env = make_wheel(tmp_path / "dist", "dl-hello"), environment_at(tmp_path / "env")
    told = {}
    for words in (("install", wheel, "--dry-run"), ("install", wheel), ("install", wheel), ("uninstall", "hello")):
        (line,) = env.dl(*words, "--json")[0].splitlines()
        document = json.loads(line, parse_constant=pytest.fail)
        check("install", document)
        told.setdefault(words[0], []).append((document["changes"], [one["name"] for one in document["plugins"]]))
    assert told["install"] == [
        (["would have added dl-hello 1.0"], []),
        (["added dl-hello 1.0"], ["hello"]),
        ([], []),
    ]
    assert told["uninstall"] == [(["removed dl-hello 1.0"], [])]
    (line,) = env.dl("uninstall", "nosuch", "--json", code=2)[0].splitlines()
    check("error", json.loads(line))


@pytest.mark.check
def test_the_documents_of_fits_keep_to_their_schemas(dl_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fits = {
        "fit": "fit wine epochs=1",
        "tune": "tune wine epochs=1 --trials 1",
        "overfit": "overfit wine epochs=1",
        "workflow": "workflow digits --model dense epochs=1 --max-time 10s --trials 1",
        "status": "status last",
        "report workflow": "report last",
        "test": "test runs/0004-digits-workflow/0001-digits-dense --again",
        "check --against": "check wine --against 1",
        "show --map": "show wine --map",
        "export": "export 1 --to folder --out exported",
    }
    for name, words in (*fits.items(), ("fit", "cv wine epochs=1 --protocol kfold:2")):
        answer = dl_run(*shlex.split(words), "--json")
        check(name, printed(answer))
        assert answer.code == 0, words


def test_a_group_of_verbs_is_looked_into():
    assert {"plugins", "plugins check", "new plugin", "fit"} <= {name for name, _ in verbs()}
