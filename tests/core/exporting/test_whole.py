"""The whole network: raw columns in, probabilities and answers by the threshold out, and why others have none."""

import numpy as np
import pytest
import torch

import dl
from dl.errors import BadOption
from dl.exporting.agreement import tensors_of
from dl.exporting.whole import WholeNetwork, need_exportable, outputs_of
from dl.inference.load import reopen
from dl.plugins.loading import load_plugins
from dl.tasks.plugin import OWN

WITHOUT_FORM = {
    "learner": (("tabular", "wine", {"model": "linear"}), "is a learner of scikit-learn, and no network"),
    "autoencoder": (("tabular", "wine", {"task": "reconstruction", "epochs": 1}), "its answer is an input"),
    "frames": (("frames", "moving-digits", {"epochs": 1, "width": 2}), "its answer is an input"),
    "strings": (("vision", "mnist-lines", {"epochs": 1, "width": 4}), "its answer is a string"),
    "tokens": (("text", "story.txt", {"epochs": 1}), "it writes token by token"),
}
EXPORTED = {"binary", "multiclass", "multilabel", "regression", "unit-regression", "several", "ranking"}
REFUSED = {"next-token", "reconstruction", "next-frame", "ctc"}


def test_every_task_is_exported_or_refused():
    assert set(OWN) == EXPORTED | REFUSED


@pytest.mark.check
def test_rows_that_are_ranked_have_a_score(tmp_path, one_thread):
    match = np.random.default_rng(0).random((20, 6)).round(3)
    rows = [f"{query},{match[query, k]},{k * 7 % 5},{int(k > 3)}" for query in range(20) for k in range(6)]
    (tmp_path / "hits.csv").write_text("\n".join(["query,match,age,relevant", *rows]))
    options = {"target": "relevant", "task": "ranking", "group_on": "query", "epochs": 1}
    run = dl.fit("tabular", tmp_path / "hits.csv", runs=tmp_path, rivals=False, **options)
    done = dl.export(run, "onnx", out=tmp_path / "hits.onnx")
    assert (done.agreement.share, done.agreement.of) == (1.0, "value")
    assert outputs_of(reopen(run, load_plugins()))[0].names == ("score",)


def test_a_class_is_answered_from_the_threshold_of_the_run_on(opened, preparation, examples):
    probabilities, answer = outputs_of(opened)
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
@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=pytest.mark.slow if case == "strings" else ()) for case in WITHOUT_FORM]
)
def test_a_run_without_an_exported_form_is_one_line(case, tmp_path, one_thread, monkeypatch):
    (domain, data, options), why = WITHOUT_FORM[case]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "story.txt").write_text("Once upon a time there was a king who had a red hat.\n" * 200)
    run = dl.fit(domain, data, runs=tmp_path, rivals=False, **options)
    loaded = reopen(run, load_plugins())
    with pytest.raises(BadOption, match=f"{run.name} cannot be exported: .*{why}"):
        need_exportable(loaded, loaded.recipe.data_options)
