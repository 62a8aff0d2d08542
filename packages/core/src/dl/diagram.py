"""Diagrams of networks: layers in order, with branches, shapes and shared weights, as lines of text.

Each value that is still needed runs down a rail of its own. Light, so that reports draw a network without torch.

    image       ●    Input   1 x 28 x 28
                ├─╮
    conv_1      ● │  Conv2d  16 x 28 x 28  160
    conv_2      │ ●  Conv2d  16 x 28 x 28  416
                ├─╯
    concat_1    ●    Concat  32 x 28 x 28
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

SIMPLE = ("ReLU", "GELU", "SiLU", "ELU", "LeakyReLU", "Tanh", "Sigmoid", "Dropout", "Dropout2d")  # named beside another


@dataclass(frozen=True)
class DrawnLayer:
    """One layer of a diagram.

    Args:
        name: In the network.
        kind: Its class.
        reads: Places of the layers whose values it reads, in the diagram.
        gives: Shape of its value in words, without the batch axis.
        parameters: Number of trainable parameters; 0 where they are those of an earlier layer.
        shares: Name of the earlier layer whose weights it has; empty for its own.
    """

    name: str
    kind: str
    reads: tuple[int, ...]
    gives: str
    parameters: int = 0
    shares: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a drawing; a line between layers has rails alone.

    Args:
        rails: The values that are still needed, and where they part and meet.
        layer: Drawn here, if any.
    """

    rails: str
    layer: DrawnLayer | None = None


@dataclass(frozen=True)
class Diagram:
    """The layers of a network.

    Args:
        layers: In the order of their execution.
        branches: Whether it is known what each layer reads; else they are a stack.
    """

    layers: tuple[DrawnLayer, ...]
    branches: bool = True

    @property
    def parameters(self) -> int:
        """The number of trainable parameters of all layers, shared ones once."""
        return sum(layer.parameters for layer in self.layers)

    def folded(self) -> Diagram:
        """Return the diagram with each activation and dropout named in the line of the layer that it alone reads."""
        readers = Counter(place for layer in self.layers for place in layer.reads)
        at: dict[int, int] = {}  # place of each layer in the folded diagram
        kept: list[DrawnLayer] = []
        for place, layer in enumerate(self.layers):
            before = at[layer.reads[0]] if len(layer.reads) == 1 else -1
            alone = before >= 0 and readers[layer.reads[0]] == 1 and kept[before].reads
            if alone and layer.kind in SIMPLE and not layer.shares:
                kept[before] = replace(kept[before], kind=f"{kept[before].kind}, {layer.kind}")
                at[place] = before
                continue
            at[place] = len(kept)
            kept.append(replace(layer, reads=tuple(at[one] for one in layer.reads)))
        return replace(self, layers=tuple(kept))

    def lines(self) -> list[Line]:
        """Return the lines of a drawing, without those that rails alone would be for a stack."""
        if not self.branches:
            return [Line("", layer) for layer in self.layers]
        rails = _Rails(Counter(place for layer in self.layers for place in layer.reads))
        return [line for place, layer in enumerate(self.layers) for line in rails.draw(place, layer)]

    def text(self, most: int = 0) -> str:
        """Return the drawing as columns of text: names, rails, kinds, shapes, parameters and shared weights.

        Args:
            most: Lines to show; 0 for all.
        """
        rows = [_cells(line) for line in self.lines()]
        widths = [max((len(row[at]) for row in rows), default=0) for at in range(5)]
        shown = [_row(row, widths) for row in rows]
        if most and len(shown) > most:
            shown = [*shown[: most - 1], f"... and {len(shown) - most + 1} more lines"]
        return "\n".join([*shown, f"{self.parameters:,} parameters"])


def stack(layers: Sequence[DrawnLayer]) -> Diagram:
    """Return the diagram of layers of which only their order is known."""
    return Diagram(tuple(layers), branches=False)


def as_json(diagram: Diagram) -> Mapping[str, object]:
    """Return a diagram as JSON values, which `dl.stored.from_json` reads back."""
    return {"branches": diagram.branches, "layers": [vars(layer) for layer in diagram.layers]}


def _cells(line: Line) -> tuple[str, str, str, str, str, str]:
    layer = line.layer
    if layer is None:
        return ("", line.rails, "", "", "", "")
    count = f"{layer.parameters:,}" if layer.parameters else ""
    return (
        layer.name,
        line.rails,
        layer.kind,
        layer.gives,
        count,
        f"weights of {layer.shares}" if layer.shares else "",
    )


def _row(row: tuple[str, ...], widths: Sequence[int]) -> str:
    name, rails, kind, gives, count, shared = row
    rails_column = f"{rails:<{widths[1]}}  " if widths[1] else ""
    rest = f"{kind:<{widths[2]}}  {gives:<{widths[3]}}  {count:>{widths[4]}}  {shared}"
    return f"{name:<{widths[0]}}  {rails_column}{rest}".rstrip()


@dataclass
class _Rails:
    """Places values on rails while a diagram is drawn.

    Args:
        needed: How often each layer's value is still read, by its place.
        rails: The layer whose value runs on each rail; None for a free one.
    """

    needed: Counter[int]
    rails: list[int | None] = field(default_factory=list)

    def draw(self, place: int, layer: DrawnLayer) -> list[Line]:
        """Return the lines of one layer, a line between where rails part or meet."""
        read = sorted({self.rails.index(one) for one in layer.reads})
        for one in layer.reads:
            self.needed[one] -= 1
        ending = [rail for rail in read if not self.needed[self._at(rail)]]
        target = ending[0] if ending else self._free()
        before = [one is not None for one in self.rails]
        for rail in ending:
            self.rails[rail] = None
        self.rails[target] = place
        after = [one is not None for one in self.rails]
        lines = [Line(_join(before, after, target, [rail for rail in read if rail != target]))]
        lines = lines if any(rail != target for rail in read) else []
        marks = ["●" if rail == target else "│" if one is not None else " " for rail, one in enumerate(self.rails)]
        lines.append(Line(" ".join(marks).rstrip(), layer))
        if not self.needed[place]:
            self.rails[target] = None
        return lines

    def _at(self, rail: int) -> int:
        found = self.rails[rail]
        assert found is not None
        return found

    def _free(self) -> int:
        """Return the first free rail, after a new one is laid where there is none."""
        if None not in self.rails:
            self.rails.append(None)
        return self.rails.index(None)


# The sign of a rail, by whether it comes from above, goes on below, and is joined on its left and right.
SIGNS = {
    (True, True, False, False): "│",
    (True, True, True, True): "┼",
    (True, True, True, False): "┤",
    (True, True, False, True): "├",
    (True, False, True, True): "┴",
    (True, False, True, False): "╯",
    (True, False, False, True): "╰",
    (False, True, True, True): "┬",
    (False, True, True, False): "╮",
    (False, True, False, True): "╭",
    (False, False, True, True): "─",
}


def _join(before: Sequence[bool], after: Sequence[bool], target: int, others: Sequence[int]) -> str:
    """Return the line between two layers, in which values run from some rails to that of the next layer."""
    first, last = min(target, *others, target), max(target, *others, target)
    signs = []
    for rail in range(len(after)):
        comes = rail < len(before) and before[rail]
        key = (comes, after[rail], first < rail <= last, first <= rail < last)
        signs.append(SIGNS.get(key, " "))
        signs.append("─" if first <= rail < last else " ")
    return "".join(signs).rstrip()
