"""dl baseline: a table of what a network has to beat, worst first."""


def test_the_table_has_constants_and_rivals_the_best_last(dl_run):
    answer = dl_run("baseline", "tabular", "wine")
    lines = answer.out.splitlines()
    assert answer.code == 0 and lines[0].startswith("wine: 115 to train on, 29 for validation")
    assert "always 'class_1'" in answer.out and "histogram boosting" in answer.out
    assert "logistic regression" in lines[-1] or "histogram boosting" in lines[-1]


def test_a_run_takes_no_options(dl_run):
    answer = dl_run("baseline", "last", "width=3")
    assert answer.code == 2 and answer.err


def test_options_of_the_data_are_those_of_a_fit(dl_run, dl_table):
    answer = dl_run("baseline", "tabular", dl_table, "--target", "label", "val=0.5", "--json")
    assert answer.code == 0 and answer.json["val"] == 30


def test_one_word_that_is_data_is_no_run(dl_run, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,price\n" + "".join(f"{k},{k % 7},{k * 3 % 11}.5\n" for k in range(40)))
    answer = dl_run("baseline", str(path), "--target", "price")
    assert answer.code == 0 and "ridge regression" in answer.out, answer.err
    assert dl_run("baseline", "wine").code == 0
