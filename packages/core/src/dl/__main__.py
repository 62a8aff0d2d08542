"""The start of the command line, for ``dl`` and ``python -m dl``.

It imports the standard library alone, so that `dl plugins`, `dl uninstall` and `dl doctor` start whatever lies in the
environment, and Ctrl-C during the imports is no traceback.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def main(words: list[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Args:
        words: In place of those of this process; its streams and signals are then left alone, as in a test.
    """
    if words is not None:
        from dl.cli.main import main as run_words

        run_words(words)
    from dl import collector

    collector.postpone()
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not under nohup
    if ours:
        signal.signal(signal.SIGINT, _end_at_once)
    from dl.cli.streams import guard_streams

    guard_streams()
    try:
        from dl.cli.main import main as run_command
    except Exception as error:
        from dl.cli.rescue import rescue

        sys.exit(rescue(sys.argv[1:], error))
    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run_command()
    finally:
        collector.leave_all()


def _end_at_once(_number: int, _frame: FrameType | None) -> None:
    """Exit without a traceback: nothing is written while modules are imported."""
    os.write(2, b"dl: stopped\n")
    os._exit(130)


if __name__ == "__main__":
    main()
