"""Map examples: draw them in the plane, and tell what stands out, with or without a target.

shown = map_examples("vision", "photos")
shown.remarks
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dl.data.examples import Examples, Subset, row_of
from dl.data.heads import heads_of
from dl.data.memory import is_named
from dl.errors import BadData, BadOption
from dl.inspection.map_inputs import INPUTS, MapInputs, draw_some, read_inputs
from dl.maps.agreement import agree, most_compact
from dl.maps.example_map import CLASS, CLUSTER, FIFTH, NOTHING, Colouring, ExampleMap
from dl.maps.plane import choose_projection, fill, project, to_space
from dl.maps.remarks import cluster, remark_all, remark_copies
from dl.plugins.at_hand import UNLABELLED, take_arguments
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.terminal import safe_text
from dl.words import show_number

SAMPLE, HEAVY_SAMPLE, MOST_SAMPLE = 2_000, 1_000, 20_000  # examples
FEWEST = 2  # examples
SHARE = 0.9  # of the variance
MOST_CLASSES = 200


def map_examples(
    domain: str = "",
    data: object = "",
    *,
    target: object = None,
    on: str = INPUTS,
    project: str = "",
    sample: int = 0,
    task: str = "",
    seed: int = 0,
    runs: str | Path = "runs",
    plugins: Plugins | None = None,
    **options: object,
) -> ExampleMap:
    """Draw examples in the plane, coloured by class, and tell what stands out: clusters, lone examples, copies.

    A target is not needed. A test set that the data brings stays closed.

    Args:
        domain: ``vision``, ...; empty recognizes it from a path or a name.
        data: Name of a data set; a path to your own data; or data in memory, as `dl.fit` takes it, or inputs alone.
        target: Names of the target columns, or the targets for inputs in memory.
        on: ``inputs``; ``features`` of a pretrained network; a model that has features; or a run, whose last layer's
            inputs are taken.
        project: ``pca``, ``tsne`` or ``umap``; empty chooses by size.
        sample: Number of examples drawn from larger data; 0 for 2,000, and 1,000 for features of a pretrained network.
        task: Row of the task table; empty for none.
        seed: Of the draw and the projection.
        runs: Folder of run folders.
        plugins: The registered plugins; None loads the installed ones.
        **options: Of reading, as for `dl.fit`.

    Raises:
        DLError: For every mistake of the caller, in one line.

    Example:
        >>> dl.map_examples("vision", "photos").remarks
        >>> dl.map_examples("tabular", frame, target="price").figures
        >>> Path("map.html").write_text(dl.map_examples("vision", images, on="last").to_html())
    """
    if sample < 0 or sample > MOST_SAMPLE or sample == 1:
        raise BadOption(f"sample={sample}: expected a number of examples from 2 to {MOST_SAMPLE:,}")
    plugins = plugins or load_plugins()
    if is_named(data) and not data and not domain:
        raise BadOption("a map needs data  example: dl show digits --map")
    if is_named(data) and not data:
        domain, data = "", domain
    if not is_named(data) and target is None and not isinstance(data, tuple) and not hasattr(data, "columns"):
        options = {"target_as": UNLABELLED, **options}
    given = take_arguments(plugins, data, target, None, "", task, options)
    found = read_inputs(domain, given, target, on, task, runs)
    return _draw(found, project, sample, seed, plugins)


def _draw(found: MapInputs, asked: str, sample: int, seed: int, plugins: Plugins) -> ExampleMap:
    examples = found.examples
    if len(examples) < FEWEST:
        raise BadData(f"{found.name} has {len(examples)} example; a map needs {FEWEST} or more")
    index = draw_some(len(examples), sample or (HEAVY_SAMPLE if found.heavy else SAMPLE), seed)
    rows, filled = fill(found.rows(Subset(examples, index)))
    space = to_space(rows, seed)
    projection, reason = choose_projection(space, asked)
    clusters = cluster(space.noise, space.points, seed)
    colouring = _colour(examples, index, clusters, labelled=found.labelled)
    sources = tuple(examples.source(int(row)) for row in index)
    remarks = remark_all(space.noise, space.points, clusters, colouring, sources, seed)
    return ExampleMap(
        data=found.name,
        domain=found.domain_name,
        read_as=found.read_as,
        projection=projection,
        reason=reason,
        total=len(examples),
        seed=seed,
        places=project(space, projection, seed),
        clusters=clusters,
        colouring=colouring,
        sources=sources,
        sketches=tuple(found.domain.sketch(row_of(examples.inputs, int(row))) for row in index),
        shares=tuple(space.shares.tolist()),
        components=space.components_for(SHARE),
        compact=most_compact(space.points, seed),
        agreement=agree(space.points, colouring.numbers, seed) if colouring.by == CLASS else None,
        remarks=(*remarks, *remark_copies(examples)),
        notes=(*found.notes, *filled),
        plugins=plugins,
    )


def _colour(examples: Examples, index: np.ndarray, clusters: np.ndarray, *, labelled: bool) -> Colouring:
    """Colour examples by their classes; by fifths of a number; without a target by the clusters that stand apart."""
    targets = examples.targets
    whole = np.issubdtype(targets.dtype, np.integer)
    if not labelled or not targets.size or heads_of(examples.names) or (whole and int(targets.min()) < 0):
        return _by_cluster(clusters)
    if targets.ndim == 2 and whole:
        return _by_labels(examples, index)
    if whole:
        used, numbers = np.unique(targets[index].astype(np.int64), return_inverse=True)
        names = tuple(examples.names[one] if one < len(examples.names) else str(one) for one in used.tolist())
        return Colouring(CLASS, names, numbers) if len(names) <= MOST_CLASSES else _by_cluster(clusters)
    values = targets[index].reshape(len(index), -1)[:, 0].astype(np.float64)
    edges = np.unique(np.nanquantile(values, (0.2, 0.4, 0.6, 0.8)))
    used, numbers = np.unique(np.searchsorted(edges, values), return_inverse=True)
    bounds = [f"up to {show_number(edge)}" for edge in edges.tolist()] + [f"above {show_number(float(edges[-1]))}"]
    return Colouring(FIFTH, tuple(bounds[one] for one in used), numbers)


def _by_labels(examples: Examples, index: np.ndarray) -> Colouring:
    """Colour by sets of labels."""
    sets, numbers = np.unique(examples.targets[index], axis=0, return_inverse=True)
    if len(sets) > MOST_CLASSES:
        return Colouring(NOTHING, (), np.zeros(len(index), np.int64))
    named = [", ".join(safe_text(examples.names[k], 40) for k in np.flatnonzero(one)) or "no label" for one in sets]
    return Colouring(CLASS, tuple(named), numbers.reshape(-1))


def _by_cluster(clusters: np.ndarray) -> Colouring:
    count = int(clusters.max(initial=0)) + 1
    if count == 1:
        return Colouring(NOTHING, (), np.zeros(len(clusters), np.int64))
    return Colouring(CLUSTER, tuple(f"cluster {number}" for number in range(1, count + 1)), clusters)
