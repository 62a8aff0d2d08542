"""The command line: which verbs there are, and what is said where none, or half of one, is typed."""

import json
import threading
from pathlib import Path

import pytest
from typer.main import get_group

import dl
from dl.cli import main
from dl.cli.flags import FLAGS
from dl.cli.main import MODULES, command_line, run
from dl.plugins.validation import OWN_COMMANDS
from dl.signals import Interrupted, SecondSignal


def test_the_verbs_that_a_plugin_cannot_take_are_those_of_the_command_line():
    assert OWN_COMMANDS == set(MODULES) <= set(get_group(command_line()).commands)


@pytest.mark.parametrize("verb", [*sorted(MODULES), "report", "explain"])
def test_a_verb_alone_is_built_as_it_is_among_all(verb):
    alone, among = (get_group(command_line(word)).commands[verb] for word in (verb, ""))
    assert [p.opts for p in alone.params] == [p.opts for p in among.params] and alone.help == among.help


def test_of_a_plugin_only_the_verb_that_is_typed_is_built():
    assert list(get_group(command_line("report")).commands) == ["report"]
    assert not get_group(command_line("--version")).commands


def test_what_is_said_to_be_a_flag_of_a_fit_is_one():
    assert {f"--{name.replace('_', '-')}" for name in FLAGS} <= {
        one for parameter in get_group(command_line("fit")).commands["fit"].params for one in parameter.opts
    }


def test_what_a_verb_does_fits_its_line_in_the_list():
    for name, verb in get_group(command_line()).commands.items():
        assert verb.get_short_help_str(62) == verb.get_short_help_str(1000), name


def test_help_shows_the_verbs(capsys):
    assert run(["--help"]) == 0
    shown, said = capsys.readouterr()
    assert not said and all(f"  {verb} " in shown for verb in MODULES)


def test_the_version_is_one_line(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr() == (f"dl {dl.__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["new"], "dl: Missing command.  see: dl new --help"),
        (["--nosuch"], "dl: No such option: --nosuch  see: dl --help"),
        (["fit", "--reg"], "dl: Option '--reg' requires an argument.  see: dl fit --help"),
        (["fit", "--nosuch"], "dl: No such option: --nosuch  see: dl fit --help"),
        (["plugins", "trust", "--nosuch"], "dl: No such option: --nosuch  see: dl plugins trust --help"),
        (["nosuch"], "dl: No such command 'nosuch'.  see: dl --help"),
    ],
)
def test_half_a_command_is_one_line_that_names_its_own_help(words, line, capsys):
    assert run(words) == 2
    shown, said = capsys.readouterr()
    assert not shown and said.strip() == line


@pytest.mark.parametrize(
    ("raised", "code"),
    [(KeyboardInterrupt(), 130), (SecondSignal(), 130), (SecondSignal(15), 143), (Interrupted(1), 129)],
)
def test_one_signal_or_two_outside_of_a_fit_are_one_line_and_one_document(monkeypatch, capsys, raised, code):
    def stop(*_, **__):
        raise raised

    monkeypatch.setattr(main, "command_line", stop)
    assert run(["ls", "--json"]) == code
    shown, said = capsys.readouterr()
    assert said == "dl: stopped\n"
    assert json.loads(shown)["error"] == {"code": code, "kind": "KeyboardInterrupt", "line": "stopped", "command": ""}


@pytest.mark.parametrize(
    "error", [MemoryError("Unable to allocate 9 TiB"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_too_little_memory_is_one_line_in_any_verb(monkeypatch, capsys, error):
    def raises(word=""):
        raise error

    monkeypatch.setattr("dl.cli.main.command_line", raises)
    assert run(["show", "x"]) == 1
    assert capsys.readouterr().err.startswith("dl: out of memory: ")


def test_an_interrupt_that_an_import_turns_into_another_error_is_an_interrupt(monkeypatch, capsys):
    def raises(word=""):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise ImportError("half imported") from error

    monkeypatch.setattr("dl.cli.main.command_line", raises)
    assert run(["fit"]) == 130 and capsys.readouterr().err == "dl: stopped\n"


def test_a_thread_of_a_library_that_fails_is_one_line_and_no_traceback(monkeypatch, capsys):
    def work(*_):
        thread = threading.Thread(target=lambda: Path("/nowhere/x").read_text())
        thread.start()
        thread.join()
        return 0

    before = threading.excepthook
    monkeypatch.setattr(main, "_invoke", work)
    assert run(["ls"]) == 0 and threading.excepthook is before
    said = capsys.readouterr().err
    assert said.startswith("dl: a thread has ended: FileNotFoundError: [Errno 2]") and said.count("\n") == 1
