"""Standard streams: results that cannot be written are an error of dl, progress that cannot be written is dropped."""

import os
import subprocess
import sys

import pytest

from dl.cli.streams import ProgressFile, ResultFile, guarded
from dl.errors import CannotWrite

FULL = "/dev/full"
HAS_FULL = pytest.mark.skipif(not os.path.exists(FULL), reason="this system has no full device")  # noqa: PTH110


@HAS_FULL
def test_a_result_on_a_full_disk_is_an_error_of_dl_and_the_rest_is_discarded():
    stream = guarded(ResultFile(FULL, "wb"), None)
    stream.write("a result")
    with pytest.raises(CannotWrite, match="cannot write to stdout: No space left on device"):
        stream.flush()
    stream.write("more")
    stream.close()


@HAS_FULL
def test_progress_on_a_full_disk_is_dropped():
    with guarded(ProgressFile(FULL, "wb"), None) as stream:
        print("epoch 1", file=stream, flush=True)


def test_a_name_that_is_no_unicode_is_written_as_its_bytes(tmp_path):
    with guarded(ResultFile(tmp_path / "out", "wb"), None) as stream:
        stream.write("caf\udce9 \ud800 é")
    assert (tmp_path / "out").read_bytes() == b"caf\xe9 \\ud800 \xc3\xa9"


def dl(redirected):
    """Run `dl --version` in a shell with its streams redirected: the exit code and what is left of stderr."""
    command = f'"{sys.executable}" -m dl --version {redirected}'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@HAS_FULL
def test_streams_that_are_closed_or_full_end_without_a_traceback():
    assert dl(">/dev/full") == (2, "dl: cannot write to stdout: No space left on device\n")
    assert dl("<&- >&- 2>&-") == (0, "")
