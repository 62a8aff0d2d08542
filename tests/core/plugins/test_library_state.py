"""What a plugin changes in libraries at import is named and is as before, also if it imports the library first."""

import gc
import locale
import random
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch

from dl.plugins.library_state import LIBRARY_STATES, LibrarySnapshot
from dl.plugins.loading import load_plugins
from dl.plugins.states import PluginWarning

CHANGES = {
    "filters of all warnings": lambda: warnings.simplefilter("ignore"),
    "the locale": lambda: locale.setlocale(locale.LC_ALL, "C.UTF-8"),
    "the garbage collector": gc.disable,
    "Python's random numbers": lambda: random.seed(0),
    "numpy's random numbers": lambda: np.random.seed(0),
    "numpy's handling of errors": lambda: np.seterr(all="raise"),
    "torch's default type": lambda: torch.set_default_dtype(torch.float64),
    "torch's default device": lambda: torch.set_default_device("meta"),
    "torch's threads": lambda: torch.set_num_threads(7),
    "torch's random numbers": lambda: torch.manual_seed(0),
    "torch's settings": lambda: (torch.use_deterministic_algorithms(True), torch.set_grad_enabled(False)),
}


def test_each_state_of_a_library_is_tried():
    assert list(CHANGES) == [one.name for one in LIBRARY_STATES]


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_in_a_library_is_named_and_is_as_before(name):
    (state,) = [one for one in LIBRARY_STATES if one.name == name]
    module = sys.modules[state.module]
    with warnings.catch_warnings():
        snapshot, before = LibrarySnapshot(), state.read(module)
        CHANGES[name]()
        assert snapshot.restore() == [name] and state.read(module) == before
        assert snapshot.restore() == []


def test_a_filter_for_warnings_of_its_own_is_no_change():
    with warnings.catch_warnings():
        snapshot = LibrarySnapshot()
        warnings.filterwarnings("ignore", module="mine")
        warnings.simplefilter("ignore", DeprecationWarning)
        assert snapshot.restore() == []


def test_a_plugin_that_changes_torch_at_import_is_named_in_one_line(site, good):
    site.add("loud", good("loud", first="import torch; torch.set_default_dtype(torch.float64); torch.manual_seed(3)"))
    with pytest.warns(PluginWarning, match="changed torch's default type, torch's random numbers; dl restored it"):
        load_plugins()
    assert torch.get_default_dtype() == torch.float32


FIRST = """
import sys
from dl.plugins.library_state import LibrarySnapshot
snapshot = LibrarySnapshot()
assert "torch" not in sys.modules
with snapshot.watching():
    import torch, random
    torch.set_default_dtype(torch.float16), torch.set_num_threads(5), torch.manual_seed(1)
print(*snapshot.restore(), torch.get_default_dtype(), torch.get_num_threads(), sep=" | ")
"""


def test_a_library_that_is_imported_first_by_the_plugin_is_as_it_was_after_its_import():
    done = subprocess.run(
        [sys.executable, "-c", FIRST], capture_output=True, text=True, check=True, env={"OMP_NUM_THREADS": "2"}
    )
    expected = "torch's default type | torch's threads | torch's random numbers | torch.float32 | 2\n"
    assert done.stdout == expected
