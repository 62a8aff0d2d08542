"""A map of examples as one self-contained page: the plane with small pictures or texts, no script, no network.

All pictures stand in one image, of which each place shows its part, so that a map of two thousand stays small.
"""

from __future__ import annotations

import io
import math
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from jinja2 import Template
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from dl.maps.example_map import ExampleMap, Remark
from dl_reports.render.html import make_environment, packaged

TILE = 48  # pixels of a picture at most
ACROSS, DOWN = 22, 15  # cells of the plane, each with one picture in place
SHOWN = 12  # examples of a remark
LONGEST = 200  # characters of a text
TURN = 137.5  # degrees between the hues of two groups, so that neighbours differ


class Point(NamedTuple):
    """An example in the plane.

    Attributes:
        style: Its place.
        group: Number of its group.
        classes: In the style sheet.
        tile: Which part of the picture is its own; empty for a text.
        name: Of the example, with its group.
        text: Of a text.
    """

    style: Markup
    group: int
    classes: str
    tile: Markup
    name: str
    text: str


def map_to_html(shown: ExampleMap) -> str:
    """Return a map as the text of a page."""
    pictures = [one for one in shown.sketches if isinstance(one, np.ndarray)]
    side = min(TILE, max((max(one.shape[:2]) for one in pictures), default=0))
    points = list(_points(shown, side))
    counts = np.bincount(shown.colouring.numbers, minlength=len(shown.colouring.names))
    return _template().render(
        shown=shown,
        points=points,
        key=[
            (k, name, f"{count:,}") for k, (name, count) in enumerate(zip(shown.colouring.names, counts, strict=False))
        ],
        remarks=[(one, _examples(one, points)) for one in shown.remarks],
        sheet=_sheet(shown, pictures, side),
    )


@cache
def _template() -> Template:
    return make_environment().from_string(packaged("map.html.j2"))


def _examples(remark: Remark, points: Sequence[Point]) -> list[Point]:
    """Return some examples that stand for a remark, spread over it."""
    chosen = remark.examples
    step = max(1, math.ceil(len(chosen) / SHOWN))
    return [points[k] for k in chosen[::step]]


def _points(shown: ExampleMap, side: int) -> Iterator[Point]:
    wide = _columns(len(shown))
    in_place = set(_thinned(shown.places)) if side else set()
    alone = {row for one in shown.remarks if one.kind == "lone" for row in one.examples}
    names = shown.colouring.names
    for k, (x, y) in enumerate(shown.places.tolist()):
        sketch, group = shown.sketches[k], int(shown.colouring.numbers[k])
        flags = (("thumb", k in in_place), ("lone", k in alone), ("left", x > 0.6), ("up", y < 0.4))
        tile = f"background-position:{-(k % wide) * side}px {-(k // wide) * side}px"
        yield Point(
            Markup(f"left:{100 * x:.2f}%;top:{100 * (1 - y):.2f}%"),
            group,
            " ".join(name for name, holds in flags if holds),
            Markup(tile if isinstance(sketch, np.ndarray) else ""),
            f"{shown.sources[k]}{f' - {names[group]}' if names else ''}",
            sketch if isinstance(sketch, str) else "",
        )


def _columns(count: int) -> int:
    return max(1, math.isqrt(max(count - 1, 0)) + 1)


def _thinned(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return one example for each cell of the plane."""
    cells = np.minimum((places * (ACROSS, DOWN)).astype(np.int64), (ACROSS - 1, DOWN - 1)) @ (1, ACROSS)
    return np.unique(cells, return_index=True)[1]


def _sheet(shown: ExampleMap, pictures: Sequence[NDArray[np.uint8]], side: int) -> Markup:
    """Return the style of this map: the colours of the groups, and the image of all pictures."""
    groups = range(int(shown.colouring.numbers.max(initial=0)) + 1)
    hues = [f".g{k} {{ --group: hsl({(k * TURN + 215) % 360:.0f} 62% 46%); }}" for k in groups]
    if not side:
        return Markup("\n".join(hues))
    wide = _columns(len(shown))
    coloured = any(one.shape[2] >= 3 for one in pictures)
    canvas = Image.new("RGB" if coloured else "L", (wide * side, math.ceil(len(shown) / wide) * side))
    for k, sketch in enumerate(shown.sketches):
        if isinstance(sketch, np.ndarray):
            canvas.paste(_tile(sketch, side), ((k % wide) * side, (k // wide) * side))
    stream = io.BytesIO()
    kind = "jpeg" if coloured else "png"
    canvas.save(stream, kind.upper(), **({"quality": 80} if coloured else {"optimize": True}))
    image = b64encode(stream.getvalue()).decode()
    size = f"width: {side}px; height: {side}px; --grow: {max(1.0, 128 / side):.2f}; --small: {min(1.0, 30 / side):.2f}"
    return Markup("\n".join([*hues, f".tile {{ {size}; background-image: url(data:image/{kind};base64,{image}); }}"]))


def _tile(image: NDArray[np.uint8], side: int) -> Image.Image:
    """Fit an image (h, w, c) into a square, without changing its shape."""
    found = Image.fromarray(np.ascontiguousarray(image[..., :3] if image.shape[2] >= 3 else image[..., 0]))
    found.thumbnail((side, side))
    square = Image.new(found.mode, (side, side))
    square.paste(found, ((side - found.width) // 2, (side - found.height) // 2))
    return square
