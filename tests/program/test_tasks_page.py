"""docs/tasks.md: its table names the rows of the task table, on the data sets it shows. `test_pages` runs it."""

import re

from dl.plugins.loading import load_plugins
from dl.tasks.rows import TABLE
from dl.tasks.table import decide
from tools.pages import ROOT

UNNAMED = {"next-token", "reconstruction", "next-frame", "ranking", "several"}  # which have no target of MNIST
PAGE = (ROOT / "docs/tasks.md").read_text(encoding="utf-8")


def test_the_table_of_tasks_names_what_is_registered():
    plugins = load_plugins()
    rows = re.findall(r"\| `dl fit vision (\S+)` \| (\S+(?: \S+)?) \| (\d+) \|", PAGE)
    assert {task.replace(" ", "-") for _, task, _ in rows} == set(TABLE) - UNNAMED
    assert all(f"`{task}`" in PAGE for task in UNNAMED)
    for name, task, width in rows:
        train = plugins.dataset("vision", name).load({}).train
        info = decide(train.targets, train.names).info
        assert (info.name, str(info.outputs)) == (task.replace(" ", "-"), width)
