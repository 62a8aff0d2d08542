"""The start of the command line, for ``dl`` and ``python -m dl``.

It imports the standard library alone, so that `dl plugins`, `dl uninstall` and `dl doctor` start whatever lies in the
environment, and Ctrl-C or SIGTERM during the imports is one line, and one document where JSON is asked for.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType

from dl.exit_codes import FAILED, of_signal

_PYTHONS = (signal.default_int_handler, signal.SIG_DFL)


def main(words: list[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Args:
        words: In place of those of this process; its streams and signals are then left alone, as in a test.
    """
    if words is not None:
        from dl.cli.main import main as run_words

        run_words(words)
    from dl import collector, lazy, signals
    from dl.cli import json_output  # noqa: F401 - so that a signal finds it

    collector.postpone()
    lazy.defer()
    ours = [number for number in signals.CAUGHT if signal.getsignal(number) in _PYTHONS]  # not under nohup
    for number in ours:
        signal.signal(number, _end_at_once)
    from dl.cli.streams import guard_streams

    guard_streams()
    try:
        from dl.cli.main import main as run_command
    except Exception as error:
        from dl.cli.rescue import rescue

        sys.exit(rescue(sys.argv[1:], error))
    for number in ours:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    signals.raise_all()
    try:
        run_command()
    except SystemExit as end:
        signals.exit_with(end.code if isinstance(end.code, int) else FAILED)
        raise
    except KeyboardInterrupt as error:  # before the command has begun, or behind its end
        _end_at_once(signals.signal_of(error))
    finally:
        collector.leave_all()


def _end_at_once(number: int, _frame: FrameType | None = None) -> None:
    """Exit without a traceback: nothing is written while modules are imported."""
    from dl.cli.json_output import error_document, is_asked, is_printed

    code = of_signal(number)
    with suppress(OSError):  # a terminal that was closed
        os.write(2, b"dl: stopped\n")
    if is_asked(sys.argv[1:]) and not is_printed():
        with suppress(OSError):
            os.write(1, f"{error_document(code, 'KeyboardInterrupt', 'stopped')}\n".encode())
    os._exit(code)


if __name__ == "__main__":
    main()
