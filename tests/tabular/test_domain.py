"""Tables as a domain: what is read, what is refused in one line, and real fits."""

import numpy as np
import pandas as pd
import pytest
import torch

import dl
from dl.data.examples import whole
from dl.errors import BadData, BadFile, BadOption
from dl.inference.predict import UnseenValues
from dl.tables.table import SkippedRows
from dl_tabular.domain import draw, open_path, read, recognize, sketch
from dl_tabular.prepare import learn


def test_each_column_is_read_as_what_it_holds_and_row_numbers_are_left_out(flowers):
    dataset = open_path(flowers, {"target": "species"})
    rows = dataset.train.inputs
    assert rows.dtype.names == ("length", "width", "colour")
    assert [rows.dtype[name].kind for name in rows.dtype.names] == ["f", "f", "U"]
    assert np.isnan(rows["width"]).sum() == 3
    assert dataset.train.names == ("setosa", "virginica")
    assert "left out, as they only count or number the rows: 'id'" in dataset.notes
    assert dataset.train.source(0) == "flowers.csv row 2"


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        ("x,y\n1,a\n2,b\ntwelve,a\n4,b\n5,a\n", {"target": "y"}, BadData, "t.csv row 4: column 'x' holds numbers, but"),
        ("x,y\n1,a\n2,b\n", {"target": "z"}, BadOption, "has no column 'z' for target"),
        (
            "x,y\n1,a\n2,b\n3,a\n4,b\n",
            {"target": "y", "leave_out": "q"},
            BadOption,
            "has no column 'q' for leave_out",
        ),
        ("y\na\nb\n", {"target": "y"}, BadData, "no column is left for the inputs"),
        ("x,y\na,a\nb,b\na,a\nb,b\n", {"target": "y"}, BadData, "is the same as input column 'x' in every row"),
        ("x,y\n1,a\n", {"target": "y", "input": "x,y"}, BadOption, "both input and target"),
        ("x,w,z\n1,2,3\n4,5,6\n", {}, BadData, "3 columns could be the target; pass --target with one of: x, w, z"),
        ("x,y\n,a\n,b\n,a\n,b\n", {"target": "y"}, BadData, "no input column holds numbers or repeated words"),
        ("x,y\n1,a\n2,\n3,b\n", {"target": "y"}, BadData, "t.csv row 3: column 'y' is empty"),
    ],
)
def test_what_cannot_be_read_is_one_line(table, text, options, error, message):
    with pytest.raises(error) as caught:
        open_path(table(text), options)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_rows_that_cannot_be_used_are_left_out_where_that_was_asked_for(table):
    text = "x,y\n1,a\n2,b\ntwelve,a\n4,b\n5,\n6,a\n"
    dataset = open_path(table(text), {"target": "y", "bad_rows": "skip"})
    assert dataset.train.inputs["x"].tolist() == [1, 2, 4, 6]
    assert len(dataset.skipped) == 2 and dataset.train.source(3) == "t.csv row 7"


def test_something_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("words")
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(BadFile, match=r"is not a table; expected \.csv"):
            open_path(path, {})


def test_the_ids_of_rows_hold_when_rows_are_moved_or_added(table):
    body = [f"{k},{k % 2}" for k in range(10)]
    one = open_path(table("\n".join(["x,y", *body])), {"target": "y"}).train
    two = open_path(table("\n".join(["x,y", "99,1", *reversed(body)]), "u.csv"), {"target": "y"}).train
    assert (
        dict(zip(one.inputs["x"], one.ids, strict=True)).items()
        <= dict(zip(two.inputs["x"], two.ids, strict=True)).items()
    )


def test_a_table_of_numbers_is_taken_for_a_table_and_one_of_sentences_is_not(table):
    numbers = table("a,b,c,y\n" + "1,2,3,0\n" * 5)
    reviews = table("text,stars,place\n" + "a very good film indeed it was,5,home\n" * 5, "reviews.csv")
    from dl_text.domain import recognize as as_text

    assert recognize(numbers, {}) > as_text(numbers, {})
    assert recognize(reviews, {}) < as_text(reviews, {})


def test_a_row_is_drawn_a_column_a_line_and_kept_in_one(flowers):
    row = open_path(flowers, {"target": "species"}).train.inputs[0]
    assert sketch(row) == "length 0, width -, colour red"
    assert str(draw(row, 20)) == "length 0\nwidth -\ncolour red"


def test_a_prediction_finds_the_columns_by_name_and_misses_none(flowers, table):
    dataset = open_path(flowers, {"target": "species"})
    preprocessor = learn(dl.data.examples.whole(dataset.train), {})
    new = table("colour,extra,width,length\nred,1,?,2\ngreen,2,1.5,0\n", "new.csv")
    rows = read([new], preprocessor, {}).inputs
    assert rows["length"].tolist() == [2, 0]
    assert preprocessor(torch.from_numpy(preprocessor.encode(rows))).shape == (2, *preprocessor.input_shape)
    with pytest.raises(BadOption, match="no column 'width' for input; did you mean 'wdth'"):
        read([table("colour,wdth,length\nred,1,2\n", "w.csv")], preprocessor, {})
    with pytest.raises(BadData, match=r"w.csv row 2: column 'width' holds numbers, but 'wide' is not a finite number"):
        read([table("colour,width,length\nred,wide,2\n", "w.csv")], preprocessor, {})


def test_columns_with_more_than_single_values_are_said(table):
    lines = "".join(f'{{"a": {k}, "b": {{"c": 1}}, "y": "{"uv"[k % 2]}"}}\n' for k in range(10))
    dataset = open_path(table(lines, "t.jsonl"), {"target": "y"})
    assert any(note.startswith("left out, as they hold more than single values: 'b'") for note in dataset.notes)


def test_a_name_with_commas_is_one_column_and_one_that_may_be_several_is_refused(table):
    text = '"a,b",a,y\n' + "".join(f"{k},{k % 3},{k % 2}\n" for k in range(20))
    rows = open_path(table(text), {"target": "y", "leave_out": "a,b"}).train.inputs
    assert rows.dtype.names == ("a",)
    text = '"a,b",a,b,y\n' + "".join(f"{k},{k % 3},{k},{k % 2}\n" for k in range(20))
    with pytest.raises(BadOption, match="may be one column or 2"):
        open_path(table(text), {"target": "y", "leave_out": "a,b"})
    with pytest.raises(BadOption, match="categories=a,b may be one column or 2; rename some in the file"):
        open_path(table(text), {"target": "y", "categories": "a,b"})


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ("lenght", "has no input column 'lenght' for categories; did you mean 'length'"),
        ("species", "has no input column 'species' for categories .* input columns: length, width, colour"),
        ("length,,width", "categories=length,,width: a name is missing between commas"),
        ("length, length", "column 'length' is named twice"),
    ],
)
def test_names_of_categories_are_read_as_all_names_of_columns_are(flowers, categories, message):
    with pytest.raises(BadOption, match=message):
        open_path(flowers, {"target": "species", "categories": categories})


@pytest.mark.parametrize(("model", "choices"), [("dense", {"epochs": 60, "batch_size": 4}), ("linear", {})])
def test_a_users_table_is_fitted_and_asked(flowers, tmp_path, model, choices):
    given = {"target": "species", "model": model, "val": 12, "runs": tmp_path / "runs"}
    run = dl.fit("tabular", str(flowers), **given, **choices)
    assert run.best["val_accuracy"] > 0.8
    answers = dl.predict(run, flowers)
    assert sum(a.answer == ("setosa", "virginica")[k % 3 > 0] for k, a in enumerate(answers)) > 20


def test_a_regression_on_a_parquet_file_is_fitted(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    x = np.linspace(-1, 1, 200)
    pq.write_table(pa.table({"x": x, "noise": x * 0 + np.arange(200) % 7, "price": 3 * x + 1}), tmp_path / "p.parquet")
    run = dl.fit("tabular", str(tmp_path / "p.parquet"), target="price", epochs=20, runs=tmp_path / "runs")
    assert run.manifest.task.name == "regression" and run.best["val_r2"] > 0.95


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    """A run on prices: x1 tells them, const is always 0.5 but for one gap, and town is Oslo or Lima without a gap."""
    folder, u = tmp_path_factory.mktemp("houses"), np.random.default_rng(0).uniform(0, 1, 300)
    rows = [f"{u[k]:.4f},{'' if k == 0 else 0.5},{('Oslo', 'Lima')[k % 2]},{30 * u[k]:.2f}" for k in range(300)]
    (folder / "houses.csv").write_text("\n".join(["x1,const,town,price", *rows]))
    return dl.fit(
        "tabular", str(folder / "houses.csv"), target="price", epochs=20, bad_rows="skip", runs=folder / "runs"
    )


def test_new_rows_are_answered_sanely_with_a_note_for_what_training_lacks(houses, table):
    new = table("x1,const,town\n0.5,0.5,Oslo\n0.5,1e6,Oslo\n0.5,,Oslo\n1e6,0.5,Oslo\n0.5,0.5,oslo\n,0.5,Rome\n")
    with pytest.warns(UnseenValues, match=r"^4 of 6 inputs hold what the training set lacks: t\.csv row 3: const"):
        answers = dl.predict(houses, new)
    values = [answer.values["price"] for answer in answers]
    assert [*values[:3], values[4]] == pytest.approx([values[0]] * 4) and 10 < values[0] < 20
    assert 30 < values[3] < 60 and 0 < values[5] < 30
    notes = [" | ".join(answer.notes) for answer in answers]
    assert notes[0] == notes[2] == "" and notes[4] == "town 'oslo' is read as 'Oslo'"
    assert notes[1] == "const 1e+06 is not the 0.5 of every training row, and changes nothing"
    assert notes[3].startswith("x1 1e+06 is far outside the range in training, 0.") and "read as 1.4" in notes[3]
    assert notes[5].startswith("x1 is missing, as in no training row; read as the mean, 0.")
    assert notes[5].endswith("| town 'Rome' is not among the categories learnt")
    with pytest.raises(BadData, match=r"^4 of 6 inputs hold .* to predict them all the same: leave --strict out$"):
        dl.predict(houses, new, strict=True)


def test_a_constant_column_may_be_absent_and_a_row_that_is_skipped_stays_in_the_output(houses, table):
    new = table("x1,town\n0.5,Oslo\ntall,Oslo\n0.25,Lima\n")
    with pytest.warns(SkippedRows, match="1 row was skipped"):
        first, skipped, last = dl.predict(houses, [new])
    assert (skipped.source, skipped.answer, skipped.values) == ("t.csv row 3", "", {})
    assert skipped.notes == ("skipped: column 'x1' holds numbers, but 'tall' is not a finite number",)
    assert 10 < first.values["price"] < 20 and 3 < last.values["price"] < 12 and first.notes == last.notes == ()
    both = table("x1,const,town\n0.5,7,Oslo\n", "both.csv")
    with pytest.warns((SkippedRows, UnseenValues)):
        assert len(dl.predict(houses, [new, both])) == 4


def test_a_frame_and_the_loaded_module_are_clipped_and_noted_as_a_file_is(houses):
    import pyarrow as pa

    frame = pa.table({"x1": [0.5, 1e6], "town": ["Oslo", "Oslo"]})
    loaded = dl.load(houses)
    with pytest.warns(UnseenValues):
        answers = loaded.predict(frame)
    assert [len(answer.notes) for answer in answers] == [0, 1] and answers[1].values["price"] < 60
    assert loaded.notes(frame) == [answer.notes for answer in answers]
    assert loaded(frame).reshape(-1).tolist() == pytest.approx([answer.values["price"] for answer in answers])


def test_a_skewed_target_is_learnt_as_its_logarithm_and_predicted_in_its_own_units(table, tmp_path):
    rng = np.random.default_rng(0)
    rooms = rng.normal(1.5, 0.6, 300)
    prices = 1000 * np.exp(2 * rooms + 0.1 * rng.normal(size=300))
    path = table("rooms,price\n" + "".join(f"{r},{p}\n" for r, p in zip(rooms, prices, strict=True)))
    options = {"target": "price", "epochs": 30, "lr": 0.01, "runs": tmp_path / "runs"}
    run = dl.fit("tabular", str(path), **options)
    plain = dl.fit("tabular", str(path), target_scale="plain", **options)
    assert run.manifest.task.log_limits and not plain.manifest.task.log_limits
    assert run.best["val_mae"] < plain.best["val_mae"]
    (said,) = dl.predict(run, [table("rooms\n2\n", "new.csv")])
    assert said.values["price"] == pytest.approx(1000 * np.exp(4), rel=0.3)
    assert float(dl.load(run)(pd.DataFrame({"rooms": [2.0]}))) == pytest.approx(said.values["price"], rel=1e-5)


def test_rows_that_lie_in_files_are_learnt_and_encoded_as_those_in_memory(tmp_path, monkeypatch):
    rng, path = np.random.default_rng(0), tmp_path / "rows.csv"
    numbers = enumerate(rng.normal(size=300))
    rows = [f"{x:.3f},{'abc'[k % 3]},{'' if k % 9 == 0 else f'{x * k:.2f}'}" for k, x in numbers]
    path.write_text("\n".join(["size,kind,more,label", *(f"{row},{k % 2}" for k, row in enumerate(rows))]) + "\n")
    found = []
    for memory in ("1GB", "1KB"):
        monkeypatch.setenv("DL_MEMORY", memory)
        train = open_path(path, {"target": "label"}).train
        stored = learn(whole(train), {}).encode(train.inputs)
        assert isinstance(train.inputs, np.memmap) == isinstance(stored, np.memmap) == (memory == "1KB")
        found.append((train.inputs.tobytes(), train.ids.tolist(), train.targets.tolist(), stored.tobytes()))
    assert found[0] == found[1]
