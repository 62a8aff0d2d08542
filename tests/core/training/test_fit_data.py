"""The data of a fit: each subset lies in the data set that it is of."""

import numpy as np

from dl.tasks.table import decide
from dl.testing.numbers import clouds
from dl.training.batches import DeviceDataset
from dl.training.fit_data import FitData


def test_validation_examples_are_of_their_own_data_set_and_the_probe_of_the_training_examples():
    first, second = clouds(20).train, clouds(10, seed=1).train
    task = decide(first.targets, first.names)
    train, val = DeviceDataset.of(first, task), DeviceDataset.of(second, task)
    data = FitData(train, val, np.arange(20), np.array([1, 4]), np.array([7, 3]))
    assert data.scored("val")[0] is val and data.scored("probe")[0] is train
    assert data.scored("probe")[1].tolist() == [7, 3]
    assert data.targets("val").tolist() == val.targets[[1, 4]].tolist()
    assert data.targets("probe").tolist() == train.targets[[7, 3]].tolist()
