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

WITHOUT_FORM = {
    "learner": (("tabular", "wine", {"model": "linear"}), "is a learner of scikit-learn, and no network"),
    "autoencoder": (("tabular", "wine", {"task": "reconstruction"}), "its answer is an input"),
    "sequences": (("sequence", "digit-rows", {}), "does not describe how its inputs are prepared"),
}


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
@pytest.mark.parametrize("case", WITHOUT_FORM)
def test_a_run_without_an_exported_form_is_one_line(case, tmp_path, one_thread):
    (domain, data, options), why = WITHOUT_FORM[case]
    run = dl.fit(domain, data, runs=tmp_path, rivals=False, epochs=1, **options)
    loaded = reopen(run, load_plugins())
    with pytest.raises(BadOption, match=f"{run.name} cannot be exported: .*{why}"):
        need_exportable(loaded, loaded.recipe.data_options)
