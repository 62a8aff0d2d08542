"""Reports as JSON: field names are the keys, missing numbers are null, images are base64.

The schema is published in `report.schema.json`; an incompatible change raises its version.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from dl.intervals import Estimate
from dl_reports.report import Report
from dl_reports.sheet import Sheet


def to_json(report: Report | Sheet) -> str:
    """Return a report as JSON that validates against `report.schema.json`, or a sheet; NaN and infinity become null."""
    return json.dumps(_plain(report), allow_nan=False, indent=1) + "\n"


def schema() -> Any:  # Any: JSON
    """Return the published JSON schema."""
    return json.loads(files("dl_reports").joinpath("report.schema.json").read_text(encoding="utf-8"))


def _plain(value: Any) -> Any:  # Any: of a report, and of JSON
    if isinstance(value, Estimate):
        return {name: _plain(getattr(value, name)) for name in value._fields}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, np.ndarray):
        return _image(value) if value.dtype == np.uint8 else _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)


def _image(pixels: np.ndarray) -> dict[str, Any]:
    """Encode an image (h, w, c) as its shape and its bytes, row by row."""
    return {"shape": list(pixels.shape), "base64": base64.b64encode(np.ascontiguousarray(pixels).tobytes()).decode()}
