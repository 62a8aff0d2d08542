"""The plugin of four small data sets: three tables and one of images. Registering imports no scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import Options
from dl.specs import DatasetSpec

if TYPE_CHECKING:
    from dl.data.examples import Dataset

NAMES = {
    "digits": ("vision", "1,797 handwritten digits, 8x8 grey; ten classes"),
    "wine": ("tabular", "178 wines, 13 chemical measurements; three growers"),
    "breast-cancer": ("tabular", "569 tumours, 30 measurements of their cells; benign or malignant"),
    "diabetes": ("tabular", "442 patients, 10 measurements; progression of the disease after a year; regression"),
}


@hookimpl
def register_datasets() -> tuple[DatasetSpec, ...]:
    """Register the four data sets: digits for vision, the others for tabular."""
    return tuple(_spec(name, domain, description) for name, (domain, description) in NAMES.items())


def _spec(name: str, domain: str, description: str) -> DatasetSpec:
    def load(_options: Options) -> Dataset:
        from dl_toys.toys import load

        return load(name)

    return DatasetSpec(name, domain, description, load)
