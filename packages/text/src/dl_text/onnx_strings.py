"""Split texts into tokens by the standard operators of ONNX: characters are replaced one kind at a time, then split.

ONNX knows neither Unicode's normal forms nor its categories, so what each character becomes is looked up when a network
is exported. That is exact for characters that mean the same whatever stands beside them. A text with any other one, or
with one that was not looked up, is marked as unknown.
Letters: ``N`` texts, ``M`` tokens of the longest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dl.preparation import Strings
from dl_text.tokenizer import RESERVED, UNKNOWN, _meaning

OURS, OPSET, OF_WORDS, OPSET_OF_WORDS = "dl", 20, "ai.onnx.ml", 4
END = "\x01"  # after each character that is a token
NEVER = "\0" + END  # characters that no text may hold
FINAL_SIGMA = "\u03a3"  # its lower case depends on what follows
HANGUL = range(0x1100, 0x1200)  # letters that join to syllables
USUAL = (
    (0x09, 0x0E),
    (0x20, 0x7F),
    (0xA0, 0x100),
    (0x2010, 0x2028),
    (0x2030, 0x2040),
    (0x20AC, 0x20AD),
    (0x2122, 0x2123),
)
MOST = 1_000  # kinds of characters that are looked up
Json = Any  # Any: JSON
Node = Any  # Any: onnx is an extra


def as_strings(settings: Mapping[str, Json], texts: Iterable[str]) -> Strings | None:
    """Return how texts become token ids in ONNX; None where that cannot be exact for these texts.

    Args:
        settings: Of `dl_text.tokenizer`.
        texts: Of the validation part, whose characters are looked up beside the usual ones.
    """
    if settings["tokens"] not in TOKENS:
        return None
    usual = {chr(code) for first, end in USUAL for code in range(first, end)}
    found = {one: becomes(one, settings["tokens"]) for one in sorted(usual.union(*texts))}
    if len(found) > MOST or any(one is None for one in found.values()):
        return None
    table = {one: spelled for one, spelled in found.items() if spelled is not None}

    def nodes(given: str, ids: str, known: str) -> list[Node]:
        return _Graph(settings, table, ids).build(given, ids, known)

    return Strings(OPSET, "".join(table), nodes, _functions)


def becomes(character: str, tokens: str) -> str | None:
    """Return what a character is replaced by, whatever stands beside it; None where that depends on its neighbours."""
    known = unicodedata.normalize("NFKC", character)
    joins = any(unicodedata.category(one)[0] == "M" for one in (character, known[0]))
    if joins or character in NEVER or any(ord(one) in HANGUL for one in known):
        return None
    if tokens == "chars":
        return "".join(f"{one}{END}" for one in unicodedata.normalize("NFC", character))
    if FINAL_SIGMA in known:
        return None
    known = unicodedata.normalize("NFKC", character.replace("\u00b4", "'")).lower()
    return "".join(map(_meaning, known)).replace("\0", " ")


@dataclass
class _Graph:
    """Collects nodes.

    Args:
        settings: Of the tokenizer.
        table: What each character becomes.
        name: That the names of values begin with.
        nodes: So far.
    """

    settings: Mapping[str, Json]
    table: Mapping[str, str]
    name: str
    nodes: list[Node] = field(default_factory=list)

    def add(self, kind: str, *given: str, made: str = "", domain: str = "", **attributes: Json) -> str:
        """Append a node with one output, and return its name."""
        from onnx import helper

        made = made or f"{self.name}_{len(self.nodes)}_{kind}"
        self.nodes.append(helper.make_node(kind, given, [made], domain=domain, **attributes))
        return made

    def number(self, *values: int) -> str:
        """Return a list of numbers."""
        return self.add("Constant", value_ints=list(values))

    def build(self, given: str, ids: str, known: str) -> list[Node]:
        """Return the nodes from texts (N,) to token ids (N, M), padded with 0, and which texts are known (N,)."""
        pattern = "".join(f"\\x{{{ord(one):x}}}" for one in self.table)
        self.add("RegexFullMatch", given, made=known, pattern=f"[{pattern}]*")
        tokens = TOKENS[self.settings["tokens"]](self, self._replaced(given, self.table))
        self._finish(self._numbered(tokens), ids)
        return self.nodes

    def _replaced(self, text: str, table: Mapping[str, str]) -> str:
        for one, other in table.items():
            if one != other:
                text = self.add("replace", text, domain=OURS, **{"from": one, "to": other})
        return text

    def words(self, text: str) -> str:
        """Split at blanks; an apostrophe stays between two letters alone."""
        blank = self.add("Constant", value_string=" ")
        wide = self.add("StringConcat", self.add("StringConcat", blank, text), blank)
        return self._split(self._replaced(wide, {"''": " ", " '": " ", "' ": " "}))

    def characters(self, text: str) -> str:
        """Split after each character."""
        return self._split(text, delimiter=END)

    def _split(self, text: str, **how: str) -> str:
        """Return the tokens (N, M), M at least 1, with empty ones after the last."""
        from onnx import helper

        parts, counts = (f"{self.name}_{len(self.nodes)}_{one}" for one in ("parts", "counts"))
        self.nodes.append(helper.make_node("StringSplit", [text], [parts, counts], **how))
        column = self.add("Unsqueeze", counts, self.number(1))
        empty = self.add("Expand", self.add("Constant", value_string=""), self.add("Shape", column))
        return self.add("Concat", parts, empty, axis=1)

    def _numbered(self, tokens: str) -> str:
        """Return the ids of tokens (N, M); of a language model those of unknown tokens are left out."""
        vocabulary = self.settings["vocabulary"]
        unknown = 0 if self.settings.get("start") else UNKNOWN
        return self.add(
            "LabelEncoder",
            tokens,
            domain=OF_WORDS,
            keys_strings=["", *vocabulary],
            values_int64s=[0, *range(RESERVED, len(vocabulary) + RESERVED)],
            default_int64=unknown,
        )

    def _finish(self, ids: str, made: str) -> None:
        """Cut ids (N, M) to the most tokens, add those of pairs, and begin as the tokenizer does."""
        start = self.settings.get("start", 0)
        ids = self._without_gaps(ids) if start else ids
        if self.settings["max_len"]:
            ids = self._cut(ids, self.settings["max_len"])
        if self.settings["ngrams"] > 1:
            ids = self._without_gaps(self.add("Concat", ids, self._pairs(ids), axis=1))
        ids = self._trimmed(ids)
        counts = self._counts(ids)
        shape = self.add("Shape", counts)
        if start:
            first = self.add("Expand", self.number(start), shape)
            self.add("Concat", first, ids, axis=1, made=made)
            return
        nothing = self.add(
            "Cast", self.add("Equal", counts, self.number(0)), to=7
        )  # one unknown token, so that no row is empty
        width = self.add("Sub", self.add("Shape", ids, start=1, end=2), self.number(1))
        pads = self.add("Concat", self.number(0, 0, 0), width, axis=0)
        self.add("Add", ids, self.add("Pad", nothing, pads), made=made)

    def _counts(self, ids: str) -> str:
        """Return how many ids there are in each row, (N, 1)."""
        there = self.add("Cast", self.add("Greater", ids, self.number(0)), to=7)
        return self.add("ReduceSum", there, self.number(1), keepdims=1)

    def _without_gaps(self, ids: str) -> str:
        """Return ids (N, M) with the zeros after all others."""
        there = self.add("Greater", ids, self.number(0))
        places = self.add("CumSum", self.add("Cast", there, to=7), self.add("Constant", value_int=1))
        places = self.add("Where", there, self.add("Sub", places, self.number(1)), self.number(-1))
        one_more = self.add("Pad", self.add("Mul", ids, self.number(0)), self.number(0, 0, 0, 1))
        return self.add("ScatterElements", one_more, places, ids, axis=1)

    def _trimmed(self, ids: str) -> str:
        """Return ids (N, M) without columns of padding alone, but for one where no text has a token."""
        least = 0 if self.settings.get("start") else 1
        most = self.add("ReduceMax", self._counts(ids), self.number(0), keepdims=0)
        return self.add("Slice", ids, self.number(0), self.add("Max", most, self.number(least)), self.number(1))

    def _cut(self, ids: str, longest: int) -> str:
        """Return at most so many ids of each row (N, M), the first or the last."""
        counts = self._counts(ids)
        kept = self.add("Min", counts, self.number(longest))
        width = self.add("Max", self.add("ReduceMax", kept, keepdims=0), self.add("Constant", value_int=1))
        steps = self.add("Range", self.add("Constant", value_int=0), width, self.add("Constant", value_int=1))
        first = self.add("Sub", counts, kept) if self.settings["truncate"] == "head" else self.add("Sub", kept, kept)
        last = self.add("Sub", self.add("Shape", ids, start=1, end=2), self.number(1))
        places = self.add("Min", self.add("Add", first, steps), last)
        found = self.add("GatherElements", ids, places, axis=1)
        return self.add("Where", self.add("Less", steps, kept), found, self.number(0))

    def _pairs(self, ids: str) -> str:
        """Return the ids of pairs of neighbours (N, M - 1), 0 where a pair is none of the vocabulary."""
        vocabulary = self.settings["vocabulary"]
        number = {token: at + RESERVED for at, token in enumerate(vocabulary)}
        many = len(vocabulary) + RESERVED
        found = dict[int, int]()
        for token, at in number.items():
            first, _, second = (
                token.partition(" ") if self.settings["tokens"] == "words" else (token[:1], "", token[1:])
            )
            if second and first in number and second in number:
                found[number[first] * many + number[second]] = at
        one, end = self.number(1), self.number(1 << 40)
        left = self.add("Slice", ids, self.number(0), self.number(-1), one)
        right = self.add("Slice", ids, one, end, one)
        keys = self.add("Add", self.add("Mul", left, self.number(many)), right)
        return self.add(
            "LabelEncoder",
            keys,
            domain=OF_WORDS,
            keys_int64s=[*found] or [-1],
            values_int64s=[*found.values()] or [0],
            default_int64=0,
        )


TOKENS = {"words": _Graph.words, "chars": _Graph.characters}


def _functions() -> list[Any]:  # Any: as above
    """Return the function that replaces a string in texts (N,) by another: splits there, and joins the parts."""
    from onnx import AttributeProto, TensorProto, helper

    def of(node: Node, name: str, attribute: str) -> Node:
        node.attribute.append(AttributeProto(name=name, type=AttributeProto.STRING, ref_attr_name=attribute))
        return node

    make, value = helper.make_node, helper.make_tensor_value_info
    joined = helper.make_graph(
        [
            make("Gather", ["parts", "at"], ["part"], axis=1),
            make("StringConcat", ["to", "part"], ["after"]),
            make("Equal", ["at", "zero"], ["first"]),
            make("Where", ["first", "part", "after"], ["piece"]),
            make("Less", ["at", "counts"], ["inside"]),
            make("Where", ["inside", "piece", "empty"], ["given"]),
            make("StringConcat", ["before", "given"], ["longer"]),
            make("Identity", ["go"], ["on"]),
        ],
        "join",
        [
            value("at", TensorProto.INT64, []),
            value("go", TensorProto.BOOL, []),
            value("before", TensorProto.STRING, [None]),
        ],
        [value("on", TensorProto.BOOL, []), value("longer", TensorProto.STRING, [None])],
    )
    nodes = [
        of(make("StringSplit", ["text"], ["parts", "counts"]), "delimiter", "from"),
        of(make("Constant", [], ["to"]), "value_string", "to"),
        make("Constant", [], ["zero"], value_int=0),
        make("Constant", [], ["empty"], value_string=""),
        make("Constant", [], ["yes"], value=helper.make_tensor("yes", TensorProto.BOOL, [], [True])),
        make("Expand", ["empty", "count"], ["start"]),
        make("Squeeze", ["most_"], ["most"]),
        make("Loop", ["most", "yes", "start"], ["replaced"], body=joined),
    ]
    nodes[5:5] = [make("Shape", ["text"], ["count"]), make("Shape", ["parts"], ["most_"], start=1, end=2)]
    opset = [helper.make_opsetid("", OPSET)]
    return [helper.make_function(OURS, "replace", ["text"], ["replaced"], nodes, opset, ["from", "to"])]
