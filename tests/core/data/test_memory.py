"""Data at hand: what each library gives becomes one of five forms, or a refusal in one line."""

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits, load_wine
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from dl.data.memory import split_pair, take
from dl.errors import BadData

DIGITS = load_digits()
WINE = load_wine(as_frame=True).frame


class Stream(IterableDataset):
    def __iter__(self):
        yield 1, 2


class Lengthy(Stream):
    def __len__(self):
        return 1


def picture():
    return Image.fromarray(np.zeros((4, 4), np.uint8))


def hugging_face(**columns):
    return datasets.Dataset.from_dict(columns)


@pytest.mark.parametrize(
    ("data", "form", "words"),
    [
        (DIGITS.images, "array", "an array of float64 (1797, 8, 8)"),
        (torch.from_numpy(DIGITS.images), "array", "a tensor of float64 (1797, 8, 8)"),
        ([np.zeros((2, 2)), np.ones((2, 2))], "array", "an array of float64 (2, 2, 2)"),
        ([torch.zeros(2), torch.ones(2)], "array", "a tensor of float32 (2, 2)"),
        ([[1, 2], [3, 4]], "array", "an array of int64 (2, 2)"),
        ([1.5, 2], "array", "an array of float64 (2,)"),
        (np.array(["a", "b"]), "texts", "a list of 2 strings"),
        (np.array(["a", "b"], object), "texts", "a list of 2 strings"),
        (pd.Series(["a", "b"]), "texts", "a list of 2 strings"),
        (pl.Series(["a", "b"]), "texts", "a list of 2 strings"),
        (["a film"], "texts", "a list of 1 string"),
        ([picture(), picture()], "images", "a list of 2 images"),
        (WINE, "frame", "a frame of 14 columns"),
        (pl.from_pandas(WINE), "frame", "a frame of 14 columns"),
        (pa.table({"a": [1, 2]}), "frame", "a frame of 1 column"),
        ({"a": [1, 2], "b": ["x", "y"]}, "frame", "a frame of 2 columns"),
        (np.array([(1, 2.0)], [("a", "i8"), ("b", "f8")]), "frame", "a frame of 2 columns"),
        (hugging_face(text=["a", "b"], label=[0, 1]), "frame", "a frame of 2 columns"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_library_s_data_is_taken_in_its_form(data, form, words):
    given = take(data)
    assert (given.form, given.words) == (form, words)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (
            np.float64(3),
            "data is a single value, 3.0; give an array, a tensor, a frame, a list, or a data set with a length",
        ),
        (np.array([1j]), "an array of complex128 (1,) holds complex numbers; give real ones, as two columns"),
        (np.array([["a"]]), "an array of <U1 (1, 1) holds no numbers; give numbers, strings, or a frame"),
        (
            np.array([[1, "a"]], object),
            "an array of object (1, 2) holds objects, not numbers; convert it, as with .astype(float)",
        ),
        (np.array([None, {}], object), "a list of mixed kinds: nothing first, and a dict at 1"),
        (np.zeros((0, 3)), "an array of float64 (0, 3) holds no example"),
        (WINE.iloc[:0], "a frame of 14 columns holds no example"),
        ([], "data is an empty list"),
        (["a", 1], "a list of mixed kinds: a string first, and a number at 1"),
        (["a", None], "a list of mixed kinds: a string first, and nothing at 1"),
        ([np.zeros(2), np.zeros(3)], "a list of arrays of different shapes: (2,) and (3,); bring them to one"),
        ([[1, [2, 3]], [1, 2]], "a list of lists of different lengths; bring them to one"),
        (
            [object()],
            "a list of values, each an object; give an array, a tensor, a frame, a list, or a data set with a length",
        ),
        (
            (k for k in range(3)),
            "a generator can only be iterated; give an array, a tensor, a frame, a list, or a data set with a length",
        ),
        (
            Lengthy(),
            "a Lengthy can only be iterated; give an array, a tensor, a frame, a list, or a data set with a length",
        ),
        (DataLoader(TensorDataset(torch.zeros(2))), "a DataLoader yields batches; give its data set: loader.dataset"),
        (torch.zeros(2, 2).to_sparse(), "a Tensor is sparse; give it dense, as with .toarray()"),
        (pl.from_pandas(WINE).lazy(), "a lazy frame holds no rows yet; give data.collect()"),
        (
            datasets.DatasetDict(train=hugging_face(a=[1]), test=hugging_face(a=[1])),
            "data has the splits 'train', ...; give one of them, and another as test=",
        ),
        ({"a": [1, 2], "b": [1]}, "the frame cannot be read: Column 1 named b expected length 2 but got length 1"),
        (None, "data is nothing; give an array, a tensor, a frame, a list, or a data set with a length"),
        (3, "data is an int; give an array, a tensor, a frame, a list, or a data set with a length"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_cannot_be_taken_is_refused_in_one_line(data, line):
    with pytest.raises(BadData) as refused:
        take(data)
    assert str(refused.value) == line


def test_a_sparse_matrix_of_scipy_is_refused():
    import scipy.sparse

    with pytest.raises(BadData, match=r"^a csr_matrix is sparse; give it dense, as with \.toarray\(\)$"):
        take(scipy.sparse.csr_matrix(np.eye(2)))


def test_a_frame_with_a_column_of_mixed_values_is_refused():
    with pytest.raises(BadData, match=r"^the frame cannot be read: "):
        take(pd.DataFrame({"a": [1, "x"]}))


def test_the_class_labels_of_hugging_face_are_their_names_and_images_stand_apart():
    features = datasets.Features(image=datasets.Image(), label=datasets.ClassLabel(names=["no", "yes"]))
    given = take(datasets.Dataset.from_dict({"image": [picture()] * 3, "label": [1, 0, -1]}, features=features))
    assert given.values["label"].to_pylist() == ["yes", "no", None]
    assert given.categories == ("label",) and list(given.images) == ["image"] and len(given) == 3


def test_the_categories_of_a_frame_are_those_whose_type_says_so():
    frame = pd.DataFrame({"a": pd.Categorical(["x", "y"]), "b": ["x", "y"]})
    assert take(frame).categories == ("a",)


def test_a_map_style_data_set_gives_its_inputs_and_targets():
    data = TensorDataset(torch.arange(6.0).reshape(3, 2), torch.tensor([0, 1, 0]))
    inputs, targets = split_pair(data, None)
    assert take(inputs).values.tolist() == [[0, 1], [2, 3], [4, 5]] and take(targets).values.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("data", "target", "line"),
    [
        (([1], [1], [1]), None, "data is a tuple of 3; expected (inputs, targets)"),
        (([1], [1]), [1], "the target is given twice: in the pair (inputs, targets) and as target="),
        (
            TensorDataset(torch.zeros(2)),
            None,
            "a TensorDataset returns a tuple for 0; expected a pair (input, target)",
        ),
    ],
)
def test_what_is_no_pair_is_refused_in_one_line(data, target, line):
    with pytest.raises(BadData) as refused:
        split_pair(data, target)
    assert str(refused.value) == line
