"""The book's two networks on MNIST, three seeds each: do they score on the test set what the book says?"""

import json
import statistics
import tempfile
from pathlib import Path

from benchmarks.measuring import publish, run_dl

SEEDS = range(3)
ASKED = {"book-convnet": "99.1 +- 0.3 %", "book-dense": "97.8 to 98.2 %"}


def main() -> None:
    """Print and keep the table."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for recipe, asked in ASKED.items():
            scores = []
            for seed in SEEDS:
                run_dl("fit", "vision", "mnist", "--recipe", recipe, "--seed", str(seed), folder=folder)
                look = json.loads(run_dl("test", "last", "--again", "--json", folder=folder).stdout)
                scores.append(look["score"]["value"])
            each = ", ".join(f"{score:.2%}" for score in scores)
            rows.append(
                {"recipe": recipe, "test": f"{statistics.mean(scores):.2%}", "seeds 0-2": each, "the book": asked}
            )
    publish("book", "The book's networks, on the test set of MNIST", rows)
