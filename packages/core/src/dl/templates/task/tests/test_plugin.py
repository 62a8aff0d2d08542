import math

import pytest
import torch
from dl.testing import check_task

NAME = "newplugin"


def test_it_conforms(dl_plugins):
    check_task(dl_plugins.task(NAME), dl_plugins)


def test_it_is_fitted_and_reported_by_its_headline(dl_run, dl_table):
    fitted = dl_run("fit", "tabular", dl_table, "--target", "age", "--task", NAME, "epochs=2", "--json")
    assert fitted.code == 0, fitted.err
    report = dl_run("report", "last", "--json").json
    assert report["header"]["metric"]["name"] == "deviance"


def test_a_rate_of_twice_the_count_costs_what_is_known_by_hand():
    from dl_newplugin.rates import deviance

    found = deviance(torch.tensor([[4.0], [2.0]]), torch.tensor([[2.0], [2.0]]))
    assert found.tolist() == pytest.approx([4 - 4 * math.log(2), 0])
