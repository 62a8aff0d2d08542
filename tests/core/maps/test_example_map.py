"""A map as a value: its words and its JSON."""

import json

import numpy as np

from dl.maps.agreement import Agreement, Compact
from dl.maps.example_map import CLASS, Colouring, ExampleMap, Remark


def a_map(**changed):
    given = {
        "data": "pets", "domain": "vision", "read_as": "inputs", "projection": "pca", "reason": "as asked", "total": 9,
        "seed": 1, "places": np.array([[0.0, 0.5], [1.0, 0.5]]), "clusters": np.array([0, 0]),
        "colouring": Colouring(CLASS, ("cat", "dog"), np.array([0, 1])), "sources": ("a.png", "<b>.png"),
        "sketches": (np.zeros((4, 4, 1), np.uint8), np.ones((4, 4, 1), np.uint8)), "shares": (0.6, 0.3),
        "components": 2, "compact": Compact(2, 0.5, 0.1), "agreement": Agreement(2, 1.0, 1.0, 0.2),
        "remarks": (Remark("lone", "1 lone example: <b>.png", (1,)),),
    }  # fmt: skip
    return ExampleMap(**given | changed)


def test_a_map_says_how_many_are_drawn_and_its_figures():
    shown = a_map()
    assert shown.drawn == "2 of 9 examples, drawn by seed 1" and a_map(total=2).drawn == "2 examples"
    assert shown.figures[0] == "PCA: two components hold 90 % of the variance; 2 hold 90 %"
    assert shown.figures[1] == "k-means: best silhouette 0.50, with k = 2; 0.10 in a blob of this shape"
    assert shown.figures[2].endswith("adjusted Rand index 1.00 (shuffled classes: at most 0.20), purity 100 %")


def test_the_json_has_places_and_remarks_and_no_picture():
    found = json.loads(json.dumps(a_map().as_dict()))
    assert found["places"] == [[0, 0.5], [1, 0.5]] and found["remarks"][0]["examples"] == [1]
    assert "sketches" not in found and found["agreement"]["rand"] == 1


def test_a_notebook_shows_the_page_in_a_frame():
    html = a_map()._repr_html_()
    assert html.startswith("<iframe srcdoc=") and "<script" not in html and "&lt;!doctype" in html
