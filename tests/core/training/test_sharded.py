from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from dl.errors import BadDevices
from dl.regularizer import Regularizer
from dl.tasks.table import decide
from dl.training.devices import Devices
from dl.training.regularizers import Regularizers
from dl.training.sharded import Sharded, _layers, is_sharded, need_shardable, whole


def test_shares_of_weights_work_on_a_cpu_through_lightning():
    trainer = Devices("cpu", "2", "fsdp").trainer(1, [])
    assert isinstance(trainer.strategy, Sharded) and trainer.world_size == 2
    assert not Devices("cpu", "1", "fsdp").supports_blocks


def test_layers_are_shared_out_one_by_one_and_containers_are_opened():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 2)))
    assert list(_layers(network)) == [network[1], network[2][1]]


def test_a_plain_tensor_is_whole():
    tensor = torch.ones(2)
    assert whole(tensor) is tensor and not is_sharded(nn.Linear(2, 1))


def test_what_reads_whole_weights_is_refused_with_shares_of_them_alone():
    row = decide(np.arange(4) % 2, ("no", "yes")).row
    averaging = Regularizers({"averaging": Regularizer(after_step=lambda network: None)})
    with pytest.raises(BadDevices, match=r"averaging reads whole weights, .* --reg averaging=off"):
        need_shardable("fsdp", averaging, row)
    learns = replace(row, own_parameters={"scale": torch.ones(1)})
    with pytest.raises(BadDevices, match="learns weights of its own"):
        need_shardable("fsdp", Regularizers({}), learns)
    need_shardable("ddp", averaging, learns)
    need_shardable("fsdp", Regularizers({}), row)
