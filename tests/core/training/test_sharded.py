import os
import shutil
import subprocess
import sys
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


RESUMES = """
import sys
from pathlib import Path
from types import SimpleNamespace
from torch import distributed
from dl.plugins.loading import load_plugins
from dl.recipes.asked import Asked
from dl.training.devices import Devices, quiet_lightning
from dl.training.module import FitModule
from dl.training.setup import set_up

place, (strategy, count), epochs, begins = Path(sys.argv[1]), sys.argv[2:4], int(sys.argv[4]), sys.argv[5] == "new"
plugins = load_plugins()
options = {"epochs": 4, "width": 64, "linear": "no", "dropout": 0}
recipe = Asked("tabular", "wine", "dense", "", "", 0, options, {}).resolved(plugins)
setup = set_up(recipe, plugins)
trainer = Devices("cpu", count, strategy).trainer(epochs, [])
given = (setup.network, setup.preprocessor, setup.task, setup.data, recipe.train, recipe.seed)
module = FitModule(*given, type(setup.regularizers)({}), stop=lambda _: False, blocks=False)
if not begins:
    module.resumed = SimpleNamespace(accepts=True, raised=False)
with quiet_lightning():
    trainer.fit(module, ckpt_path=None if begins else str(place / "state.ckpt"))
    trainer.save_checkpoint(place / "state.ckpt", weights_only=False)
weights = module.weights()
if trainer.is_global_zero:
    shares = sum((p.to_local() if hasattr(p, "to_local") else p).numel() for p in module.network.parameters())
    whole = sum(p.numel() for p in module.network.parameters())
    print(module.steps_done, shares / whole, sum(float(one.double().square().sum()) for one in weights.values()))
if count != "1":
    distributed.destroy_process_group()
"""


@pytest.fixture
def train_on(tmp_path):
    """A function that trains on processes, from a checkpoint or anew: steps, this process's share, and the weights."""
    script = tmp_path / "resumes.py"
    script.write_text(RESUMES)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]

    def train(name, strategy, count, epochs, begins):
        words = [str(script), str(tmp_path / name), strategy, str(count), str(epochs), begins]
        command = [*launcher, str(count), *words] if count > 1 else [sys.executable, *words]
        known = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=known)
        assert done.returncode == 0, done.stderr
        return tuple(map(float, done.stdout.split()))

    return train


@pytest.mark.slow
def test_a_fit_with_shared_weights_goes_on_with_other_shares_and_on_one_device(train_on, tmp_path):
    steps, share, weights = train_on("unbroken", "fsdp", 2, 4, "new")
    assert 0.4 < share < 0.6
    train_on("half", "fsdp", 2, 2, "new")
    for name, strategy, count in (("ddp", "ddp", 2), ("one", "auto", 1), ("fsdp", "fsdp", 2)):
        shutil.copytree(tmp_path / "half", tmp_path / name)
        found = train_on(name, strategy, count, 4, "on")
        assert found[0] == steps and found[2] == pytest.approx(weights, rel=1e-5), name
