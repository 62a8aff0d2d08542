"""The whole network: raw columns in, probabilities and answers by the threshold out, and why others have none."""

import numpy as np
import pytest
import torch

import dl
from dl.errors import BadOption
from dl.exporting.agreement import tensors_of
from dl.exporting.forms import FORMS
from dl.exporting.whole import WholeNetwork, need_exportable
from dl.inference.load import reopen
from dl.plugins.loading import load_plugins
from dl.tasks.plugin import OWN


def test_every_form_of_task_is_exported():
    assert {task.form for task in OWN.values()} == set(FORMS)


@pytest.mark.check
def test_rows_that_are_ranked_have_a_score(tmp_path, one_thread):
    match = np.random.default_rng(0).random((20, 6)).round(3)
    rows = [f"{query},{match[query, k]},{k * 7 % 5},{int(k > 3)}" for query in range(20) for k in range(6)]
    (tmp_path / "hits.csv").write_text("\n".join(["query,match,age,relevant", *rows]))
    options = {"target": "relevant", "task": "ranking", "group_on": "query", "epochs": 1}
    run = dl.fit("tabular", tmp_path / "hits.csv", runs=tmp_path, rivals=False, **options)
    done = dl.export(run, "onnx", out=tmp_path / "hits.onnx")
    assert (done.agreement.share, done.agreement.of) == (1.0, "value")
    opened = reopen(run, load_plugins())
    assert need_exportable(opened, opened.recipe.data_options).outputs[0].names == ("score",)


def test_a_class_is_answered_from_the_threshold_of_the_run_on(opened, preparation, examples):
    probabilities, answer = need_exportable(opened, opened.recipe.data_options).outputs
    assert (probabilities.names, answer.thresholds) == (("no", "yes"), {"yes": 0.3})
    with torch.no_grad():
        found, answers = WholeNetwork(opened, preparation)(
            *tensors_of(preparation, preparation.raw(examples.inputs), None)
        )
    assert torch.allclose(found.sum(dim=1), torch.ones(len(examples)))
    assert np.array_equal(answers.numpy(), (found[:, 1] > 0.3).numpy())
    assert 0 < int(answers.sum()) < len(answers)


def test_any_number_of_rows_fits_the_traced_network(package, preparation, examples):
    raw = preparation.raw(examples.inputs)
    for count in (1, 3):
        some = {name: values[:count] for name, values in raw.items()}
        found = package.program.module()(*tensors_of(preparation, some, None))
        assert [tuple(one.shape) for one in found] == [(count, 2), (count,)]


@pytest.mark.check
def test_a_learner_has_no_exported_form_and_the_line_says_what_to_do(tmp_path, one_thread):
    run = dl.fit("vision", "digits", model="linear", runs=tmp_path, rivals=False)
    opened = reopen(run, load_plugins())
    why = f"^{run.name} cannot be exported: linear is a learner of scikit-learn without an exported form  fit a network"
    with pytest.raises(BadOption, match=why):
        need_exportable(opened, opened.recipe.data_options)
