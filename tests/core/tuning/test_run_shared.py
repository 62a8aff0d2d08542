"""Workers of one study for real: two processes on a journal, and a PostgreSQL that is restarted under them."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

import dl
from dl.errors import BadOption, BadRun, CannotWrite
from dl.tuning.run_shared import look_at
from dl.tuning.shared import SharedStudy
from dl.tuning.storage import Place
from dl.tuning.study import read_study
from dl.tuning.tune import resume_study

WORDS = ("tune", "tabular", "wine", "--over", "lr,width", "epochs=1", "--study", "first")
PASSWORD = "geh@im"


def test_two_processes_on_a_journal_share_one_budget_and_both_show_all_trials(dl_run, tmp_path):
    command = [sys.executable, "-m", "dl", *WORDS, "--trials", "5", "--storage", "s.log"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "DL_RUNS": "theirs"}
    other = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not (tmp_path / "theirs").exists() and other.poll() is None:
        time.sleep(0.05)
    mine = dl_run(*WORDS, "--trials", "5", "--storage", "s.log", "--json")
    out, err = other.communicate()
    assert mine.code == other.returncode == 0, mine.err + err.decode()
    theirs = read_study(tmp_path / "theirs/0001-wine-tune")
    assert len(mine.json["trials"]) == 5 == len(theirs.trials)
    assert {one["status"] for one in mine.json["trials"]} <= {"finished", "pruned"}
    assert all(theirs.is_at_hand(one) for one in theirs.trials) and b"first: 5 trials" in out
    own = [one["number"] for one in mine.json["trials"] if not one["folder"]]
    assert sorted(own + [one.number for one in theirs.trials if not one.folder]) == [1, 2, 3, 4, 5]
    shown = dl_run("tune", "--storage", "s.log", "--study", "first", "--show")
    assert shown.code == 0 and shown.out.startswith("first: 5 trials") and "where" in shown.out
    again = dl_run("tune", "--resume", "last")
    assert again.code == 2 and "is part of a shared study  go on: the same command again" in again.err


def programs():
    """The folder of PostgreSQL's programs; None if it is not installed."""
    found = shutil.which("pg_ctl")
    every = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    path = Path(found).resolve() if found else every[-1] if every else None
    return path.parent if path else None


class Server:
    """A PostgreSQL of its own in a temporary folder, run by a user without rights."""

    def __init__(self, folder):
        self.folder, self.user = folder, "nobody" if os.geteuid() == 0 else None
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port = one.getsockname()[1]
        (folder / "password").write_text(PASSWORD)
        if self.user:
            shutil.chown(folder, self.user)
        self.run(
            "initdb", "-D", folder / "data", "-U", "me", "-A", "scram-sha-256", "--pwfile", folder / "password", "-N"
        )
        self.start()

    def run(self, program, *words):
        command = [programs() / program, *words]
        subprocess.run(command, user=self.user, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def start(self):
        options = f"-F -p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self.run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options, "-w", "start")

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")

    def url(self, password=PASSWORD):
        return f"postgresql://me:{password.replace('@', '%40')}@127.0.0.1:{self.port}/postgres"


@pytest.fixture
def postgres():
    if programs() is None:
        assert not os.environ.get("CI"), "PostgreSQL is not installed"
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        server = Server(Path(name))
        yield server
        server.stop()


def test_a_study_in_postgresql_is_joined_outlives_a_restart_and_never_shows_the_password(postgres, runs, tmp_path):
    console = Console(record=True, width=300)
    given = {"over": ["lr", "width"], "epochs": 1, "storage": postgres.url(), "study": "first", "console": console}
    first = dl.tune("tabular", "wine", trials=1, runs=runs, **given)
    second = dl.tune("tabular", "wine", trials=2, runs=tmp_path / "others", **given)
    assert [one.number for one in second.trials] == [1, 2] and second.trials[0].place and not second.trials[1].place
    assert second.best in second.trials and first.trials[0].score == second.trials[0].score
    with pytest.raises(BadRun, match="tunes other data than wine as it is here") as refused:
        dl.tune("tabular", "wine", trials=2, runs=tmp_path / "refused", val=0.3, **given)
    assert not (tmp_path / "refused/0001-wine-tune").exists()
    shared = SharedStudy(Place.parse(postgres.url()), "first", console)
    shared.open(None)
    postgres.stop()
    back = threading.Timer(0.5, postgres.start)
    back.start()
    assert [one.score for one in shared.trials()] == [one.score for one in second.trials]
    back.join()
    shared.close()
    with pytest.raises(CannotWrite, match=r"cannot open --storage postgresql://me:\*\*\*@") as wrong:
        SharedStudy(Place.parse(postgres.url("wrong@1")), "first", console).open(None)
    seen = look_at(Place.parse(postgres.url()), "first", console)
    assert seen.trials[1].score == second.trials[1].score and seen.storage.startswith("postgresql://me:***@127.0.0.1")
    said = console.export_text() + str(refused.value) + str(wrong.value)
    assert said.count("the storage is away") == 1 and "the storage is back" in said
    files = [path for folder in (runs, tmp_path / "others") for path in folder.rglob("*") if path.is_file()]
    for secret in ("geh@im", "geh%40im", "wrong@1", "wrong%401"):
        assert secret not in said and not any(secret.encode() in path.read_bytes() for path in files)
    with pytest.raises(BadRun, match="is part of a shared study"):
        resume_study(first.path, None, None, None)
    assert json.loads((first.path / "study.json").read_text())["storage"].startswith("postgresql://me:***@")


@pytest.mark.parametrize(
    ("choices", "line"),
    [
        ({"storage": "s.log"}, "--storage goes with --study NAME"),
        ({"study": "first"}, "--study goes with --storage"),
        ({"storage": "s.log", "study": "first", "jobs": 2}, "jobs=2: a worker of a shared study fits one at once"),
    ],
)
def test_choices_that_do_not_go_together_are_refused(runs, choices, line):
    with pytest.raises(BadOption, match=line):
        dl.tune("tabular", "wine", runs=runs, **choices)
