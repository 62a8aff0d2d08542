"""The rows of dl's own, as they are listed: without torch, each with how its target is read."""

import subprocess
import sys

from dl.tasks.plugin import OWN, register_tasks
from dl.tasks.rows import TABLE


def test_a_table_knows_how_to_read_its_target_for_every_row():
    read_as = {"binary": "classes", "multiclass": "classes", "multilabel": "labels", "next-token": "none"}
    read_as |= {"regression": "numbers", "unit-regression": "numbers", "ctc": "text", "several": "auto"}
    read_as |= {"reconstruction": "none", "next-frame": "none", "ranking": "numbers"}
    assert {name: spec.target_as for name, spec in OWN.items()} == read_as and set(OWN) == set(TABLE)


def test_listing_the_rows_imports_no_torch():
    code = "import sys; from dl.tasks.plugin import register_tasks as r; r(); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_row_loads_under_its_name_and_three_are_read_from_the_inputs():
    assert {spec.name: spec.load() for spec in register_tasks()} == TABLE
    assert [spec.name for spec in register_tasks() if spec.from_inputs] == [
        "next-token",
        "reconstruction",
        "next-frame",
    ]
    assert {spec.name: spec.from_inputs for spec in register_tasks()} == {
        name: row.from_inputs for name, row in TABLE.items()
    }
    assert {spec.name: spec.by_query for spec in register_tasks()} == {
        name: row.by_query for name, row in TABLE.items()
    }
    assert {spec.name: spec.form for spec in register_tasks()} == {name: row.form for name, row in TABLE.items()}
