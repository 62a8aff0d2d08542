"""What the plugin lists, at no cost: four small data sets."""

import subprocess
import sys

from dl_toys.plugin import NAMES, register_datasets


def test_listing_imports_no_scikit_learn():
    code = "import sys; from dl_toys.plugin import register_datasets as r; r(); sys.exit('sklearn' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_data_set_is_of_its_domain_and_loads_what_is_called_so():
    specs = {spec.name: spec for spec in register_datasets()}
    assert {name: spec.domain for name, spec in specs.items()} == {name: domain for name, (domain, _) in NAMES.items()}
    assert all(spec.load({}).name == name for name, spec in specs.items())
