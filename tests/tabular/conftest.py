"""What the tests of tables share: a file of a few rows."""

import pytest


@pytest.fixture
def table(tmp_path):
    """A function that writes a table: table("a,b\\n1,2\\n", name="t.csv") -> its path."""

    def write(text, name="t.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def flowers(table):
    """Thirty rows: an id, two columns of numbers with gaps, one of words, and a class."""
    lines = ["id,length,width,colour,species"]
    for k in range(30):
        width = "" if k % 10 == 0 else f"{(k % 3) + k / 100}"
        lines.append(f"{k},{k % 3 + k / 50},{width},{('red', 'blue')[k % 2]},{('setosa', 'virginica')[k % 3 > 0]}")
    return table("\n".join(lines) + "\n", "flowers.csv")
