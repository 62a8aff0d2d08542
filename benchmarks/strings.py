"""Texts as strings in ONNX: whether the operators give the ids of dl's tokenizer, and how long they take.

Asked for: every review whose characters were looked up has exactly the ids of the tokenizer, every other one is marked.
"""

import statistics
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.measuring import publish
from dl.data.ragged import Ragged, as_text
from dl.plugins.loading import load_plugins
from dl_text import tokenizer
from dl_text.onnx_strings import as_strings

REVIEWS, TOGETHER = 2_000, 200


def reviews(first: int) -> list[str]:
    """Return reviews of IMDB, every eleventh from the first on."""
    dataset = load_plugins().dataset("text", "imdb").load({})
    texts = dataset.train.inputs
    assert isinstance(texts, Ragged)
    return [as_text(texts.row(at)) for at in range(first, 11 * REVIEWS + first, 11)]


def session_of(settings: dict[str, Any], texts: Sequence[str]) -> Any:  # Any: onnxruntime has no types
    """Return an engine from strings to ids, that knows the characters of some texts."""
    import onnxruntime
    from onnx import TensorProto, helper

    strings = as_strings(settings, texts)
    assert strings is not None
    given = helper.make_tensor_value_info("text", TensorProto.STRING, ["N"])
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["N", "T"])
    known = helper.make_tensor_value_info("known", TensorProto.BOOL, ["N"])
    graph = helper.make_graph(strings.nodes("text", "ids", "known"), "strings", [given], [ids, known])
    opsets = [helper.make_opsetid(name, version) for name, version in (("", 20), ("ai.onnx.ml", 4), ("dl", 1))]
    model = helper.make_model(graph, opset_imports=opsets, functions=strings.functions(), ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def compare(session: Any, settings: dict[str, Any], texts: Sequence[str]) -> dict[str, object]:  # Any: likewise
    """Return how many texts are known, how many of these have the ids of the tokenizer, and times of a text in ms."""
    known, same, times = 0, 0, list[tuple[float, float]]()
    for start in range(0, len(texts), TOGETHER):
        some = texts[start : start + TOGETHER]
        began = time.perf_counter()
        ids, told = session.run(None, {"text": np.array(some, object)})
        between = time.perf_counter()
        wanted = tokenizer.encode(some, settings)
        times.append((between - began, time.perf_counter() - between))
        for ours, theirs, one in zip(ids, wanted, told, strict=True):
            known += bool(one)
            same += bool(one) and ours[ours > 0].tolist() == theirs[theirs > 0].tolist()
    onnx, python = (1_000 * statistics.median(each) / TOGETHER for each in zip(*times, strict=True))
    return {"texts": len(texts), "known": known, "the same ids": same, "ms": onnx, "ms in Python": python}


def main() -> None:
    """Print and keep the table."""
    looked_up, others = reviews(0), reviews(5)
    words = [tokenizer.words(text) for text in looked_up]
    counts = dict[str, int]()
    for word in (word for one in words for word in one):
        counts[word] = counts.get(word, 0) + 1
    vocabulary = sorted(counts, key=lambda word: -counts[word])[:10_000]
    settings = {
        "tokens": "words",
        "vocabulary": vocabulary,
        "merges": [],
        "ngrams": 1,
        "max_len": 0,
        "truncate": "head",
    }
    session = session_of(settings, looked_up)
    rows = [
        {"reviews": name, **compare(session, settings, texts)}
        for name, texts in (("looked up", looked_up), ("others", others))
    ]
    publish("strings", "reviews as strings in ONNX, against the tokenizer", rows)
