"""Format counts in messages."""


def many(count: int, one: str, more: str | None = None) -> str:
    """Return ``1 epoch`` or ``4 epochs``.

    Args:
        count: The number.
        one: Singular noun, perhaps with a verb: ``row was``.
        more: Plural; None appends an s.
    """
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def were(count: int, one: str, done: str) -> str:
    """Return ``1 file was skipped`` or ``4 files were skipped``."""
    return f"{many(count, one)} {'was' if count == 1 else 'were'} {done}"


def hold(count: int) -> str:
    """Return the verb form for a count: ``1 input holds``, ``2 inputs hold``."""
    return "holds" if count == 1 else "hold"
