import numpy as np
import pytest

from dl.data.examples import LeftOut
from dl.data.folders import SkippedFiles
from dl.errors import BadData, BadFile
from dl.tables.table import SkippedRows
from dl_vision.plugin import READING
from dl_vision.prepare import VisionPreprocessor
from dl_vision.read import read as read_with

GREY = VisionPreprocessor((1, 6, 8), (0.5,), (0.2,))
RGB = VisionPreprocessor((3, 6, 8), (0.5,) * 3, (0.2,) * 3)
DEFAULTS = {option.name: option.default for option in READING}


def read(paths, preprocessor, **options):
    return read_with(paths, preprocessor, {**DEFAULTS, **options})


def test_files_are_read_in_the_order_given(pets):
    paths = [pets / "dog" / "3.png", pets / "cat" / "0.png"]
    examples = read(paths, RGB)
    assert examples.sources == tuple(map(str, paths))
    np.testing.assert_array_equal(examples.inputs[1], read(paths[1:], RGB).inputs[0])
    assert examples.targets.tolist() == [0, 0] and len(set(examples.ids.tolist())) == 2


def test_what_training_read_and_what_prediction_reads_is_the_same(pets):
    from dl_vision.folder import open_path

    trained = open_path(pets, {"size": 5, "colour": "grey", "bad_files": "stop"}).train
    preprocessor = VisionPreprocessor((1, 5, 5), (0.5,), (0.2,))
    predicted = read([pets / source for source in trained.sources], preprocessor)
    np.testing.assert_array_equal(predicted.inputs, trained.inputs)


def test_a_run_trained_on_grey_takes_a_colour_photograph_of_any_size(tmp_path, photo):
    photo(tmp_path / "holiday.jpg", size=(640, 480))
    assert read([tmp_path / "holiday.jpg"], GREY).inputs.shape == (1, 6, 8, 1)


def test_a_run_trained_on_colour_takes_a_grey_image(tmp_path, photo):
    photo(tmp_path / "scan.png", mode="L")
    inputs = read([tmp_path / "scan.png"], RGB).inputs
    assert (inputs == inputs[..., :1]).all()


def test_a_folder_is_read_with_all_below_it_sorted(pets):
    (pets / "cat" / "loop").symlink_to(pets)
    names = [source.removeprefix(f"{pets}/") for source in read([pets], RGB).sources]
    assert names == ["cat/0.png", "cat/2.png", "cat/4.png", "dog/1.png", "dog/3.png", "dog/5.png"]


@pytest.mark.parametrize(
    "text",
    [
        "path\ncat/0.png\ndog/1.png\n",
        '\ufeffid,Image,note\r\n1,cat/0.png,x\r\n2,dog/1.png,"a, b"\r\n',
        "cat/0.png\ndog/1.png",
        "which\ncat/0.png\n\ndog/1.png\n",
    ],
)
def test_a_list_names_files_beside_it(pets, text):
    (pets / "list.csv").write_text(text, newline="")
    names = [source.removeprefix(f"{pets}/") for source in read([pets / "list.csv"], RGB).sources]
    assert names == ["cat/0.png", "dog/1.png"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path\ncat/0.png\ncat/gone.png\n", "1 of 2 files cannot .*list.csv row 3: cat/gone.png: no such file"),
        ("path,n\ncat/0.png\n", "row 2: 1 cells, but the header names 2"),
        ("a,b\n1,2\n", "no column looks like paths of images; pass --input COLUMN  columns: a, b"),
        ("path,file\nx.png,y.png\n", "2 columns look like paths of images; pass --input with one of: path, file"),
        ("", "is empty"),
        ('path\n"cat', "line 2: a quote opens here and never closes"),
        ("path\ncat/\0.png\n", "row 2: column 'path' holds a NUL byte"),
    ],
)
def test_a_list_that_cannot_be_followed_is_one_line(pets, text, said):
    (pets / "list.csv").write_text(text)
    with pytest.raises((BadFile, BadData), match=said) as caught:
        read([pets / "list.csv"], RGB)
    assert "\n" not in str(caught.value)


def test_a_list_is_read_as_the_run_s_own_was(pets):
    (pets / "cat" / "0.png").rename(pets / "cat" / "é.png")
    (pets / "list.csv").write_bytes("cat/é.png;dog/1.png\ncat/é.png;dog/3.png\n".encode("cp1252"))
    with pytest.raises(BadFile, match="pass its encoding"):
        read([pets / "list.csv"], RGB)
    examples = read([pets / "list.csv"], RGB, encoding="cp1252", header=False, input="2")
    assert [source.removeprefix(f"{pets}/") for source in examples.sources] == ["dog/1.png", "dog/3.png"]


def test_a_list_of_two_bytes_a_character_is_known_by_its_mark(pets):
    (pets / "list.csv").write_bytes("path\ncat/0.png\n".encode("utf-16"))
    assert len(read([pets / "list.csv"], RGB)) == 1


def test_bad_files_are_left_out_and_said_where_that_is_asked_for(pets):
    (pets / "cat" / "1.png").write_text("x")
    with pytest.warns(SkippedFiles, match=r"1 of 7 files .* were skipped: .*1\.png: not an image"):
        examples = read([pets], RGB, bad_files="skip")
    torn = LeftOut(1, str(pets / "cat" / "1.png"), "not an image of a format dl reads")
    assert len(examples) == 6 and examples.left_out == (torn,)
    (pets / "list.csv").write_text("path\n\0\ngone.png\ncat/0.png\ncat/1.png\n")
    with pytest.warns((SkippedFiles, SkippedRows)):
        examples = read([pets / "list.csv"], RGB, bad_files="skip", bad_rows="skip", input="path")
    assert examples.sources == (str(pets / "cat" / "0.png"),)
    assert [(gone.at, gone.source) for gone in examples.left_out] == [
        (0, "list.csv row 2"),
        (0, "gone.png"),
        (1, str(pets / "cat" / "1.png")),
    ]


def test_files_of_another_kind_in_a_folder_are_passed_over_and_named(pets):
    (pets / "readme.txt").write_text("about")
    (pets / "scan").write_bytes((pets / "cat" / "0.png").read_bytes())
    with pytest.warns(SkippedFiles, match=r"^1 file passed over: .*readme\.txt$"):
        examples = read([pets], RGB)
    assert len(examples) == 7 and examples.left_out == ()


def test_what_is_not_there_or_no_image_is_named(pets):
    with pytest.raises(BadFile, match=r"gone\.png' is not there"):
        read([pets / "gone.png"], RGB)
    (pets / "cat" / "note.txt").write_text("x")
    with pytest.raises(BadFile, match=r"1 of 1 files cannot be read as images: .*note\.txt: not an image"):
        read([pets / "cat" / "note.txt"], RGB)


def test_nothing_to_read_is_said(tmp_path):
    with pytest.raises(BadData, match="no image in"):
        read([tmp_path], RGB)
    with pytest.raises(BadData, match="no image in an empty list"):
        read([], RGB)


def test_a_run_that_was_not_trained_on_grey_or_rgb_takes_no_files(pets):
    with pytest.raises(BadData, match="trained on 2 channels"):
        read([pets], VisionPreprocessor((2, 6, 8), (0.5, 0.5), (0.2, 0.2)))
