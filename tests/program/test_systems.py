"""dl starts without POSIX: what Windows lacks is taken away, as far as that can be done on another system."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {
    source.name: source.parent
    for source in (
        ROOT / "packages/core/src/dl",
        *ROOT.glob("packages/*/src/dl_*"),
        *ROOT.glob("plugins/*/src/dl_*"),
        ROOT / "reports/src/dl_reports",
    )
}
# Other packages ask which system they are on, and rightly use what it has: they are imported before it is taken away.
LOAD = """
import sys
for name in {others!r}:
    __import__(name)
"""
TAKE_AWAY = """
import mmap, os, signal
for name in ("fcntl", "grp", "pwd", "pty", "readline", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
for name in (
    "fork", "forkpty", "register_at_fork", "wait", "wait3", "wait4", "waitid", "nice", "uname", "sysconf", "confstr",
    "getuid", "geteuid", "getgid", "getegid", "getgroups", "seteuid", "setuid", "setsid", "getpgid", "killpg",
    "getloadavg", "pread", "preadv", "pwrite", "pwritev", "sendfile", "sync", "statvfs", "fstatvfs",
    "sched_getaffinity", "sched_setaffinity", "sched_yield", "mkfifo", "mknod", "chown", "lchown", "fchown",
    "posix_fallocate", "posix_fadvise", "posix_spawn", "memfd_create", "openpty", "ctermid", "getpriority",
    "WNOHANG",
):
    vars(os).pop(name, None)
for name in ("SIGKILL", "SIGHUP", "SIGQUIT", "SIGALRM", "SIGPIPE", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGXFSZ",
             "alarm", "setitimer", "getitimer", "ITIMER_REAL", "pthread_sigmask", "sigwait", "siginterrupt"):
    vars(signal).pop(name, None)
for name in [name for name in vars(mmap) if name.startswith(("MADV_", "MAP_", "PROT_"))]:
    vars(mmap).pop(name)
"""
OF_THE_COMMAND_LINE = ("typer", "rich.console", "rich.table", "pluggy", "platformdirs", "numpy", "msgspec")
OF_ALL = (
    *OF_THE_COMMAND_LINE,
    *("filelock", "torch", "lightning.pytorch", "torchmetrics", "scipy.special", "scipy.stats", "scipy.optimize"),
    *("pyarrow.parquet", "pyarrow.csv", "PIL.Image", "tokenizers", "sklearn.datasets", "pooch", "babel", "pytest"),
)


def run(code, *words, cwd, others=OF_THE_COMMAND_LINE):
    text = LOAD.format(others=others) + TAKE_AWAY + code
    return subprocess.run([sys.executable, "-c", text, *words], capture_output=True, text=True, cwd=cwd, timeout=300)


def modules():
    for name, source in sorted(SOURCES.items()):
        for path in sorted((source / name).rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            if "templates" not in parts and parts[-1] != "__main__":
                yield ".".join(part for part in parts if part != "__init__")


IMPORT = """
import importlib, json
failed = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
print(json.dumps(failed))
"""


def test_every_module_of_every_member_is_imported_without_what_one_system_alone_has(tmp_path):
    names = list(modules())
    done = run(IMPORT, *names, cwd=tmp_path, others=OF_ALL)
    assert len(names) > 200 and json.loads(done.stdout.splitlines()[-1]) == {}, done.stderr


COMMAND = "\nfrom dl.cli.main import main\nmain(sys.argv[1:])"


@pytest.mark.parametrize("words", [["--help"], ["ls"], ["fit", "--help"], ["plugins"], ["ls", "runs"]])
def test_dl_looks_at_what_there_is_without_what_one_system_alone_has(words, tmp_path):
    done = run(COMMAND, *words, cwd=tmp_path)
    plain = subprocess.run([sys.executable, "-m", "dl", *words], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    assert done.returncode == 0
