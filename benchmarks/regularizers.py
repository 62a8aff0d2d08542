"""What a regularizer costs of a step: the book's convnet on MNIST, batch 128, one thread.

Each contender takes one real step of a fit (`FitModule`) in turn, in one process; the least of its rounds counts.
Asked for: at most 1.15 of a step without for those on the batch, 1.03 for l1 and l2.
"""

import time
from collections.abc import Callable, Mapping

import numpy as np
import torch
from lightning.pytorch import Trainer

from benchmarks.measuring import in_turn, publish
from dl.data.examples import whole
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.recipes.resolve import resolve
from dl.tasks.table import decide
from dl.training.batches import DeviceDataset
from dl.training.devices import quiet_lightning
from dl.training.fit_data import FitData
from dl.training.module import FitModule
from dl.training.regularizers import Regularizers, build_network

BATCH, ROUNDS = 128, 25
ASKED = {"batch": "1.15", "penalty": "1.03"}


def step_of(reg: Mapping[str, object], plugins: Plugins, name: str = "mnist") -> Callable[[], float]:
    """Return what takes one step with these regularizers on a data set, and returns its seconds."""
    recipe = resolve(plugins, "vision", name, recipe="book-convnet", options={"batch_size": BATCH}, reg=reg)
    domain = plugins.domain("vision").load()
    train = plugins.dataset("vision", name).load({}).train
    task, preprocessor = decide(train.targets, train.names), domain.learn(whole(train), recipe.data_options)
    regularizers = Regularizers.of(recipe, plugins, task)
    network = build_network(recipe, plugins, preprocessor, task, regularizers)
    feed, positions = DeviceDataset.of(train, task), np.arange(len(train))
    data = FitData(feed, feed, positions, positions, positions)
    module = FitModule(
        network, preprocessor, task, data, recipe.train, 0, regularizers, stop=lambda _module: False, blocks=True
    )
    with quiet_lightning():
        module.trainer = Trainer(accelerator="cpu", devices=1, logger=False, enable_checkpointing=False)
    module.setup("fit")
    module.configure_optimizers()
    module.on_fit_start()
    module.epoch_state.generator.manual_seed(0)
    drawn = torch.Generator().manual_seed(0)

    def step() -> float:
        rows = torch.randint(len(train), (BATCH,), generator=drawn)
        started = time.process_time()  # of one thread: what others do on the machine counts less
        module._train_block(rows)
        return time.process_time() - started

    return step


def main() -> None:
    """Print and keep the table."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    plugins = load_plugins()
    fitting = [spec for spec in plugins.regularizers.values() if spec.only_for in ("", "vision")]
    steps = {"without": step_of({}, plugins)}
    steps |= {spec.name: step_of({spec.name: {}}, plugins) for spec in sorted(fitting, key=lambda spec: spec.place)}
    kept = in_turn(steps, ROUNDS)
    torch.set_num_threads(threads)
    least = min(kept["without"])
    rows: list[dict[str, object]] = [
        {
            "with": name,
            "ms a step": min(seconds) * 1e3,
            "of a step without": f"{min(seconds) / least:.3f}",
            "asked for": ASKED.get(plugins.regularizers[name].place, "") if name in plugins.regularizers else "",
        }
        for name, seconds in kept.items()
    ]
    publish("regularizers", f"A step of the book's convnet, batch {BATCH}, one thread", rows)
