"""Words are completed in real shells, each at a terminal of its own, as somebody types them."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dl.cli.completion import SCRIPTS
from dl.cli.main import run

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SET_UP = {
    "bash": 'eval "$(dl completion bash)"',
    "zsh": 'autoload -Uz compinit && compinit -u -d comp; eval "$(dl completion zsh)"',
    "fish": "dl completion fish | source",
}
LONGEST = 60  # seconds for a shell that starts dl for each word
LINE = "dl fit vision digi\t epo\t"  # then the start of the line, and echo before it
TYPED = "dl fit vision digits epochs="


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_a_data_set_and_an_option(shell, tmp_path):
    if shutil.which(shell) is None:
        assert os.environ.get("CI") != "true", f"{shell} is missing"
        pytest.skip(f"needs {shell}")
    shown = type_in(
        shell, f"{SET_UP[shell]}; echo re''ady\n", b"ready\r", f"{LINE}\x01echo seen \x05 en''d\n", tmp_path
    )
    assert f"seen {TYPED} end" in " ".join(shown.split())


def type_in(shell: str, first: str, awaited: bytes, then: str, folder: Path) -> str:
    """Type into a shell at a terminal; return what it showed.

    Args:
        shell: Its name.
        first: What is typed first.
        awaited: What it shows before more is typed.
        then: What is typed after that.
        folder: Where it runs.
    """
    master, slave = pty.openpty()
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "TERM": "xterm"}
    env |= {"HOME": str(folder), "HISTFILE": "", "COLUMNS": "200"}
    command = ["setsid", "--ctty", *SHELLS[shell]]  # with the terminal for its own, which fish needs
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=env)
    os.close(slave)
    try:
        os.write(master, first.encode())
        shown = read_until(master, awaited, b"")
        os.write(master, then.encode())
        return read_until(master, b"= end\r", shown).decode(errors="replace")
    finally:
        process.kill()
        process.wait()
        os.close(master)


def read_until(master: int, awaited: bytes, shown: bytes) -> bytes:
    """Return what a terminal shows, up to some bytes, or until the time is up."""
    end = time.monotonic() + LONGEST
    while awaited not in shown and time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            shown += os.read(master, 65536)
            if b"\x1b[c" in shown[-200:]:  # fish asks what terminal this is
                os.write(master, b"\x1b[?6c")
    return shown


def test_a_shell_that_is_not_known_is_one_line_that_names_the_known_ones(capsys):
    assert run(["completion", "fihs"]) == 2
    assert "did you mean 'fish'?  one of: dl completion bash" in capsys.readouterr().err
    assert run(["completion", "fish"]) == 0 and capsys.readouterr().out == SCRIPTS["fish"]
