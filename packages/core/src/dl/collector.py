"""Python's garbage collector during the start of a command.

Importing torch and Lightning makes 650,000 objects and no garbage, and the collector walks through all of them again
and again: a quarter of the time of the imports, and once more at exit. So a command waits with it until `resume`, or
until more objects exist than imports make. A program that imports dl keeps its own settings.
"""

import gc

WAITS = 1_500_000  # objects before the first collection of a command that never resumes
USUAL = gc.get_threshold()


def postpone() -> None:
    """Collect nothing for now, as nothing is garbage while modules are imported."""
    gc.set_threshold(WAITS, *USUAL[1:])


def resume() -> None:
    """Collect as usual from now on, but not what exists; without `postpone` before it, change nothing."""
    if gc.get_threshold()[0] == WAITS:
        gc.freeze()
        gc.set_threshold(*USUAL)


def leave_all() -> None:
    """Collect nothing at exit: the memory goes back to the system as a whole."""
    gc.freeze()
