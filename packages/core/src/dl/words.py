"""Words for counts: one way to say how many there are, for every message."""


def many(count: int, one: str, more: str | None = None) -> str:
    """Return ``1 epoch`` or ``4 epochs``.

    Args:
        count: How many.
        one: What one is called, perhaps with what is said of it: ``row was``.
        more: What several are called; None adds an s.
    """
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def were(count: int, one: str, done: str) -> str:
    """Return ``1 file was skipped`` or ``4 files were skipped``."""
    return f"{many(count, one)} {'was' if count == 1 else 'were'} {done}"


def hold(count: int) -> str:
    """Return the verb for so many that hold something."""
    return "holds" if count == 1 else "hold"
