"""What the plugin lists, at no cost: a data set for each target of the digits."""

import subprocess
import sys

from dl_mnist import mnist, plugin

SPECS = {spec.name: spec for spec in plugin.register_datasets()}


def test_listing_imports_neither_torch_nor_numpy():
    lines = "import sys; from dl_mnist import plugin; plugin.register_datasets(); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_data_set_is_described():
    assert set(SPECS) - {"mnist-lines", "moving-digits"} == set(mnist.TASKS) == set(plugin.DESCRIPTIONS)
