"""A map of examples as a value: places in the plane, classes, figures, and what stands out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dl.maps.agreement import Agreement, Compact

if TYPE_CHECKING:
    from dl.plugins.registry import Plugins

CLASS, FIFTH, CLUSTER, NOTHING = "class", "fifth of the target", "cluster", ""


@dataclass(frozen=True)
class Colouring:
    """What examples are coloured by.

    Args:
        by: `CLASS`, `FIFTH`, `CLUSTER` or `NOTHING`.
        names: Of the groups.
        numbers: (n,) of the group of each example.
    """

    by: str
    names: tuple[str, ...]
    numbers: NDArray[np.int64]


@dataclass(frozen=True)
class Remark:
    """Something that stands out.

    Args:
        kind: ``clusters``, ``no-class``, ``split-class``, ``lone``, ``copies`` or ``near-copies``.
        message: One line, with numbers.
        examples: Positions on the map, if some stand for it.
    """

    kind: str
    message: str
    examples: tuple[int, ...] = ()


@dataclass(frozen=True)
class ExampleMap:
    """Examples in the plane.

    Args:
        data: Name of the data.
        domain: Of its inputs.
        read_as: What was projected, in words: ``inputs``, or whose features.
        projection: ``pca``, ``tsne`` or ``umap``.
        reason: Why that one.
        total: Examples in the data.
        seed: Of the draw and the projection.
        places: (n, 2) from 0 to 1.
        clusters: (n,) numbers of the clusters that stand apart, the largest 0.
        colouring: Of the examples.
        sources: Of each example, (n,).
        sketches: Of each example, a picture (h, w, c) or a text, (n,).
        shares: Of the variance, by principal component.
        components: Components that hold 90 % of the variance; 0 if more than `shares` has.
        compact: k-means with the best silhouette; None where that tells nothing.
        agreement: Of k-means with the classes; None without classes.
        remarks: What stands out.
        notes: On what was read, left out or filled.
        plugins: Whose hook draws the page.
    """

    data: str
    domain: str
    read_as: str
    projection: str
    reason: str
    total: int
    seed: int
    places: NDArray[np.float64]
    clusters: NDArray[np.int64]
    colouring: Colouring
    sources: tuple[str, ...]
    sketches: Sequence[NDArray[np.uint8] | str]
    shares: tuple[float, ...]
    components: int
    compact: Compact | None
    agreement: Agreement | None
    remarks: tuple[Remark, ...]
    notes: tuple[str, ...] = ()
    plugins: Plugins | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.places)

    @property
    def drawn(self) -> str:
        """How many examples are shown, in words."""
        if len(self) == self.total:
            return f"{self.total:,} examples"
        return f"{len(self):,} of {self.total:,} examples, drawn by seed {self.seed}"

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures beside the map, a line each."""
        two = 100 * sum(self.shares[:2])
        needed = f"{self.components:,}" if self.components else f"more than {len(self.shares):,}"
        lines = [f"PCA: two components hold {two:.0f} % of the variance; {needed} hold 90 %"]
        if self.compact is not None:
            one = self.compact
            beside = f"{one.by_chance:.2f} in a blob of this shape"
            lines.append(f"k-means: best silhouette {one.silhouette:.2f}, with k = {one.k}; {beside}")
        if self.agreement is not None:
            found = self.agreement
            index = f"adjusted Rand index {found.rand:.2f} (shuffled classes: at most {found.by_chance:.2f})"
            purity = f"purity {100 * found.purity:.0f} %"
            lines.append(f"k-means with k = {found.k}, the classes: {index}, {purity}")
        return tuple(lines)

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """Return the map as JSON values, without pictures."""
        plain = ("data", "domain", "read_as", "projection", "reason", "total", "seed", "components")
        return {name: getattr(self, name) for name in plain} | {
            "places": self.places.round(4).tolist(),
            "clusters": self.clusters.tolist(),
            "coloured_by": self.colouring.by,
            "names": list(self.colouring.names),
            "numbers": self.colouring.numbers.tolist(),
            "sources": list(self.sources),
            "shares": [round(share, 6) for share in self.shares],
            "compact": None if self.compact is None else asdict(self.compact),
            "agreement": None if self.agreement is None else asdict(self.agreement),
            "remarks": [asdict(one) for one in self.remarks],
            "notes": list(self.notes),
        }

    def to_html(self) -> str:
        """Return the map as the text of one self-contained page, made by the reports.

        Raises:
            PluginFailed: If no plugin draws maps.
        """
        from dl.plugins.loading import load_plugins
        from dl.runs.run import first_answer

        plugins = self.plugins or load_plugins()
        return first_answer(plugins.map_drawers, "draws maps", shown=self)

    def _repr_html_(self) -> str:
        """Return the HTML for a notebook: the page in a frame, whose policy holds."""
        from html import escape

        return f'<iframe srcdoc="{escape(self.to_html())}" style="width:100%;height:44rem;border:0"></iframe>'
