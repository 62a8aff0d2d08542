"""``python -m dl`` is the command line ``dl``."""

import signal

handler = signal.getsignal(signal.SIGINT)
if handler is signal.default_int_handler:  # Ctrl-C while modules are imported ends the process, without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from dl.cli.main import main  # noqa: E402 - after the signal is seen to


def begin() -> None:
    """Run the command line, in which Ctrl-C is an exception again."""
    signal.signal(signal.SIGINT, handler)
    main()


if __name__ == "__main__":
    begin()
