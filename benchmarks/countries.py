"""A real table with numbers, a text and an image in one file: flags, facts and provinces of the countries.

    python -m benchmarks countries

Facts are those of the package countryinfo 1.0.1 (MIT), flags those of django-countries 9.1.0 (MIT); both come by
``pip install --no-deps countryinfo==1.0.1 django-countries==9.1.0``. Of 239 countries and territories with facts those
with a flag and a continent are taken. Columns: area, the logarithm of base ten of the inhabitants, number of neighbours
and of languages, the names of the capital and the provinces as a text, the flag as an image. Asked:
the continent, and the inhabitants, by the rest. Each kind of column is tried alone and all together, by 5-fold
cross-validation: one set of two hundred rows, so its intervals are wide.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

import dl
from benchmarks.measuring import publish

COLUMNS = ("area", "inhabitants", "neighbours", "languages", "names", "flag", "continent")
KINDS = {"numbers": ("area", "inhabitants", "neighbours", "languages"), "names": ("names",), "flag": ("flag",)}
OPTIONS: dict[str, Any] = {"protocol": "kfold:5", "final": "ensemble", "seed": 0}  # Any: arguments of `dl.cv`


def write_countries(folder: Path) -> Path:
    """Write the table and its flags; return the path of the table."""
    facts, flags = _folder_of("countryinfo") / "data", _folder_of("django_countries") / "static" / "flags"
    (folder / "flags").mkdir(parents=True)
    rows = []
    for path in sorted(facts.glob("*.json")):
        one = json.loads(path.read_text(encoding="utf-8"))
        flag = flags / f"{one['ISO']['alpha2'].lower()}.gif"
        if not one.get("area") or not one.get("population") or not one.get("region") or not flag.exists():
            continue
        shutil.copyfile(flag, folder / "flags" / flag.name)
        capital = one["capital"] if isinstance(one["capital"], list) else [one["capital"]]
        names = ", ".join(filter(None, [*capital, *one.get("provinces", [])]))
        counts = len(one.get("borders", [])), len(one.get("languages", []))
        size = f"{math.log10(one['population']):.4f}"
        rows.append([one["area"], size, *counts, names, f"flags/{flag.name}", one["region"]])
    path = folder / "countries.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    return path


def _folder_of(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"{package} is not installed; see the first lines of benchmarks/countries.py")
    return Path(found.origin).parent


def compare(path: Path, target: str) -> list[dict[str, object]]:
    """Cross-validate on each kind of column alone, and on all."""
    inputs = [name for name in COLUMNS if name != target]
    rows = list[dict[str, object]]()
    for kind, columns in {**KINDS, "all": tuple(inputs)}.items():
        others = ",".join(name for name in inputs if name not in columns)
        alone = {"input": columns[0]} if len(columns) == 1 else {"leave_out": others}
        options: dict[str, Any] = {**OPTIONS, **(alone if others else {})}  # Any: arguments of `dl.cv`
        run = dl.cv(str(path), target=target, runs=path.parent / "runs", rivals=False, **options)
        val = dl.report(run).scores["val"]
        score = f"{val.value:.3f} [{val.low:.3f}, {val.high:.3f}]"
        metric = run.manifest.task.headline.name
        rows.append({"target": target, "columns": kind, "domain": run.recipe.domain, "metric": metric, "score": score})
    return rows


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_countries(Path(folder) / "countries")
        rows = [row for target in ("continent", "inhabitants") for row in compare(path, target)]
    publish("countries", "Countries: each kind of column alone, and all, by five folds", rows)


if __name__ == "__main__":
    main()
