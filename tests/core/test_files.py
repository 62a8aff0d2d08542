import os
import re
import resource
import stat
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dl import files
from dl.errors import CannotWrite

IN_TMP = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


@IN_TMP
@given(content=st.binary())
def test_what_is_written_is_what_is_read(tmp_path, content):
    files.write_bytes(tmp_path / "kept", content)
    assert (tmp_path / "kept").read_bytes() == content and left_in(tmp_path) == ["kept"]


def test_a_path_that_is_no_unicode_is_written_as_its_bytes(tmp_path):
    files.write_text(tmp_path / "kept", "caf\udce9")
    assert (tmp_path / "kept").read_bytes() == b"caf\xe9"


@pytest.mark.parametrize("error", [OSError(28, "No space left"), KeyboardInterrupt(), ValueError("mine")])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, error):
    (tmp_path / "kept").write_text("old")

    def fail(stream):
        stream.write(b"half a fi")
        raise error

    with pytest.raises(CannotWrite if isinstance(error, OSError) else type(error)):
        files.write_with(tmp_path / "kept", fail)
    assert (tmp_path / "kept").read_text() == "old" and left_in(tmp_path) == ["kept"]


def test_a_written_file_has_the_rights_that_the_umask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        files.write_text(tmp_path / "kept", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o640


@pytest.mark.parametrize("write", [lambda p: files.write_text(p, "new"), lambda p: files.append_line(p, "new")])
def test_a_place_without_permission_is_one_line_and_left_alone(locked, write):
    with pytest.raises(CannotWrite, match=r"^cannot write '.*': no write permission$"):
        write(locked / "kept")
    with pytest.raises(CannotWrite, match="no write permission"):
        files.make_folder(locked)
    with pytest.raises(CannotWrite, match="no write permission"):
        files.make_folder(locked / "below")
    with pytest.raises(CannotWrite, match="no write permission"):
        files.claim_folder(locked, str, 1)


def test_a_path_through_a_file_or_a_missing_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="a parent of the path is a file, not a folder"):
        files.make_folder(tmp_path / "file" / "below")
    with pytest.raises(CannotWrite, match=r"cannot write '.*/file': it is a file, not a folder"):
        files.make_folder(tmp_path / "file")
    with pytest.raises(CannotWrite, match="it is a folder, not a file"):
        files.append_line(tmp_path, "")
    with pytest.raises(CannotWrite, match="the folder does not exist"):
        files.write_text(tmp_path / "gone" / "kept", "")


FILL = """
import sys
from pathlib import Path
from dl import files
from dl.errors import CannotWrite
path = Path(sys.argv[1])
files.write_bytes(path, b"old")
try:
    files.write_bytes(path, b"new" * 1_000_000)
except CannotWrite as error:
    print(error)
"""


@pytest.fixture
def full(tmp_path):
    """A real file system of 64 kB, where this process may mount one."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("this process may not mount a file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_said_and_keeps_the_old_file(full):
    done = subprocess.run([sys.executable, "-c", FILL, str(full / "kept")], capture_output=True, text=True, check=True)
    assert done.stdout == f"cannot write '{full / 'kept'}': the disk is full\n"
    assert (full / "kept").read_bytes() == b"old" and left_in(full) == ["kept"]


def test_a_file_larger_than_the_process_may_write_keeps_the_old_file(tmp_path):
    def limit():
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then the write fails with EFBIG instead of ending the process
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-c", FILL, str(tmp_path / "kept")],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=limit,
    )
    assert re.fullmatch(r"cannot write '.*': .+\n", done.stdout)
    assert (tmp_path / "kept").read_bytes() == b"old" and left_in(tmp_path) == ["kept"]


MANY = """
import sys
from pathlib import Path
from dl import files
for k in range(20):
    {action}
"""


def run_at_once(action, folder, processes=6):
    code = MANY.format(action=action)
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(folder), str(k)], stdout=subprocess.PIPE, text=True)
        for k in range(processes)
    ]
    said = [process.communicate()[0] for process in running]
    assert all(process.returncode == 0 for process in running)
    return [line for lines in said for line in lines.splitlines()]


def test_many_processes_at_once_claim_different_folders(tmp_path):
    claimed = run_at_once("print(files.claim_folder(Path(sys.argv[1]), lambda n: f'{n:04d}', 1).name)", tmp_path)
    assert sorted(claimed) == [f"{number:04d}" for number in range(1, 121)] == left_in(tmp_path)


def test_lines_of_many_processes_at_once_are_all_there_and_whole(tmp_path):
    run_at_once("files.append_line(Path(sys.argv[1]) / 'lines', sys.argv[2] * 5000)", tmp_path)
    lines = (tmp_path / "lines").read_text().splitlines()
    assert sorted(lines) == sorted(str(k) * 5000 for k in range(6) for _ in range(20))


INSIDE = """with files.locked(Path(sys.argv[1])):
        (Path(sys.argv[1]) / "one").mkdir()
        (Path(sys.argv[1]) / "one").rmdir()"""


def test_of_many_processes_one_at_a_time_is_inside_a_locked_folder(tmp_path):
    run_at_once(INSIDE, tmp_path)
    assert left_in(tmp_path) == []


def test_a_folder_that_cannot_be_locked_is_used_without(locked):
    inside = []
    with files.locked(locked):
        inside.append(os.getpid())
    assert inside == [os.getpid()]


def test_the_lock_has_the_rights_that_the_umask_leaves(tmp_path):
    before = os.umask(0o002)
    try:
        with files.locked(tmp_path):
            assert stat.S_IMODE((tmp_path / ".dl.lock").stat().st_mode) == 0o664
    finally:
        os.umask(before)


def test_what_a_killed_process_left_half_written_is_removed_by_the_next_that_writes_there(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = {pid: f".kept.{files._HOST}-{pid}-0a1b2c3d.tmp" for pid in (ended.pid, os.getppid())}
    foreign = f".kept.ffffffff-{ended.pid}-0a1b2c3d.tmp"  # of another machine
    for name in (*names.values(), foreign):
        (tmp_path / name).write_text("half")
    files.write_text(tmp_path / "kept", "")
    assert left_in(tmp_path) == sorted(["kept", names[os.getppid()], foreign])


def test_an_inner_folder_is_not_made_in_one_that_is_gone(tmp_path):
    files.make_inner(tmp_path / "a")
    files.make_inner(tmp_path / "a")
    with pytest.raises(CannotWrite, match="the folder does not exist"):
        files.make_inner(tmp_path / "gone/inner")
