"""The page of a map: one picture of all, places within the plane, names that cannot become elements."""

import numpy as np

from dl.maps.example_map import CLASS, NOTHING, Colouring, ExampleMap, Remark
from dl_reports.render.map import map_to_html


def a_map(sketches, names=("<script>alert(1)</script>", "b")):
    count = len(sketches)
    by = Colouring(CLASS if names else NOTHING, names, np.arange(count) % max(len(names), 1))
    places = np.column_stack([np.linspace(0, 1, count), np.linspace(1, 0, count)])
    sources = tuple(f'"><b onclick=x>{k}' for k in range(count))
    remark = Remark("lone", "1 lone example: <i>", (count - 1,))
    zeros = np.zeros(count, np.int64)
    return ExampleMap(
        "d", "vision", "inputs", "pca", "as asked", count, 0, places, zeros, by, sources, sketches,
        (0.5, 0.2), 0, None, None, (remark,), ("a \x1b note",),
    )  # fmt: skip


def test_pictures_of_any_shape_stand_in_one_image():
    page = map_to_html(a_map([np.full((3 + k, 9, 3), 80, np.uint8) for k in range(5)]))
    assert page.count("data:image/") == 1 and page.count('style="left:') == 5
    assert 'class="p g0 thumb lone' in page.replace("  ", " ") and "--grow: 14.22" in page


def test_nothing_from_data_is_an_element_or_an_escape():
    page = map_to_html(a_map(["<img src=x>", "plain"]))
    assert "<script" not in page and "<img" not in page and "<b onclick" not in page and "\x1b" not in page
    assert "&lt;img src=x&gt;" in page and "<i>" not in page.split("What stands out")[1].split("</p>")[0]
    assert "data:image" not in page
