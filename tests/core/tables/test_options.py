"""Which paths are tables, and options that have no place without one."""

from pathlib import Path

import pytest

from dl.errors import BadOption
from dl.tables.options import OF_RAW_INPUTS, OPTIONS, is_table, refuse_options, suffix_of
from dl.tasks.plugin import OWN


def test_a_path_is_a_table_by_its_suffixes():
    yes = ("a.csv", "A.CSV", "a.b.tsv.gz", "a.jsonl.zst", "a.parquet", "a.json")
    assert all(is_table(Path(name)) for name in yes)
    assert not any(is_table(Path(name)) for name in ("a", "csv", "a.csv.zip", "a.txt", "a.png", ".csv/a.gz"))


def test_options_of_a_table_are_refused_where_there_is_none():
    refuse_options({"input": "", "size": 3}, "mnist", "a named data set")
    with pytest.raises(BadOption, match=r"target= is for a table .*; 'mnist' is a named data set"):
        refuse_options({"target": "label"}, "mnist", "a named data set")


@pytest.mark.parametrize(
    ("name", "suffix"), [("a.csv", ".csv"), ("A.TSV.GZ", ".tsv"), ("a.gz", ""), ("a.b.json", ".json"), ("a", "")]
)
def test_the_suffix_of_a_compression_is_passed_over(name, suffix):
    assert suffix_of(Path(name)) == suffix


def test_each_way_to_read_inputs_is_an_option_of_tables_or_of_files():
    assert set(OF_RAW_INPUTS) - {option.name for option in OPTIONS} == {"bad_files"}


def test_what_a_task_asks_of_a_target_can_be_chosen():
    choices = next(option.choices for option in OPTIONS if option.name == "target_as")
    assert {spec.target_as for spec in OWN.values()} <= set(choices)
