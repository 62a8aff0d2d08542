"""Language models on a megabyte of film reviews: bits per character against unigram and bigram, and what they cost.

Each recipe is fitted cold, as a user does it, and looked at once on the test set. Asked for: clearly better than the
bigram, within a couple of minutes on two cores.
"""

import json
import tempfile
from pathlib import Path

import dl
from benchmarks.measuring import publish, run_dl

MEGABYTES = 1.0
RECIPES = ("next-token", "next-token-transformer")


def rows_of(recipe: str, folder: Path) -> list[dict[str, object]]:
    """Fit a recipe cold and test it; return the rows of its baselines and its own."""
    choices = ("--recipe", recipe, f"megabytes={MEGABYTES}")
    fit = run_dl("fit", "text", "imdb", "--task", "next-token", *choices, "--json", folder=folder)
    run = dl.open_run("last", folder / "runs")
    look = json.loads(run_dl("test", "last", "--again", "--json", folder=folder).stdout)
    best = json.loads(fit.stdout)["best"]
    dumb: list[dict[str, object]] = [
        {"model": one.name, "bits per character": f"{one.score:.3f}", "tokens right": "", "test": "", "cost": ""}
        for one in run.manifest.baselines
    ]
    ours: dict[str, object] = {
        "model": f"{run.manifest.model}, {run.manifest.parameters:,} parameters",
        "bits per character": f"{best['val_bits_per_character']:.3f} [{best['val_low']:.3f}, {best['val_high']:.3f}]",
        "tokens right": f"{best['val_token_accuracy']:.1%}",
        "test": f"{look['score']['value']:.3f}",
        "cost": f"{fit.cpu:.0f} s of processor time, {fit.megabytes:.0f} MB",
    }
    return [*dumb, ours]


def main() -> None:
    """Print and keep the table."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        for recipe in RECIPES:
            found = rows_of(recipe, Path(name))
            rows += found[:-1] if not rows else []
            rows.append(found[-1])
    note = (
        f"validation and test: whole reviews; {MEGABYTES:g} MB of text, a tenth of it held out; characters are tokens"
    )
    publish("language", "Language models on film reviews", rows, note)
