"""Modules whose code runs when a name of theirs is asked for: each in a process of its own."""

import subprocess
import sys

import pytest


def printed(script):
    """What a process prints that defers the modules first."""
    script = "from dl import lazy\nlazy.defer()\nimport sys\n" + script
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_functions_of_scipy_are_there_without_the_rest_and_the_rest_once_asked_for():
    script = """
from scipy.special import ndtri
print(ndtri(0.5), "numpy.testing" in sys.modules)
from scipy.special import logsumexp
print(logsumexp([0.0]), "numpy.testing" in sys.modules)
from scipy.special import cython_special, ndtri as again
import scipy.special, scipy.stats
print(again is scipy.special.ndtri, hasattr(scipy.special, "nothing"), float(scipy.stats.norm.cdf(0)))
"""
    assert printed(script) == ["0.0", "False", "0.0", "True", "True", "False", "0.5"]


def test_masked_arrays_are_imported_once_somebody_makes_one():
    script = """
import numpy as np
print(np.quantile([3.0, 1.0, 2.0], 0.5), np.median([3.0, 1.0]), len(np.unique([1, 1, 2])))
print("numpy.ma.core" in sys.modules)
from numpy.ma import masked_array
import numpy.ma.core as inside
masked = masked_array([1, 2, 2], mask=[False, False, True])
print(np.ma.is_masked(masked), np.ma.is_masked([1]), inside.MaskedArray is np.ma.MaskedArray, np.unique(masked).size)
"""
    assert printed(script) == ["2.0", "2.0", "2", "False", "True", "False", "True", "3"]


def test_a_module_inside_executes_its_parent_once():
    script = """
import scipy.special.orthogonal as inside
import scipy.special
print(inside is scipy.special.orthogonal, inside.__spec__.name, type(inside.__spec__.loader).__name__)
print("logsumexp" in dir(scipy.special))
"""
    assert printed(script) == ["True", "scipy.special.orthogonal", "SourceFileLoader", "True"]


def test_a_library_that_has_changed_is_imported_as_ever():
    script = """
lazy.COMPILED = "scipy.special.gone"
import scipy.special
print("logsumexp" in vars(scipy.special))
"""
    assert printed(script) == ["True"]


@pytest.mark.check
def test_a_step_of_an_optimizer_imports_no_compiler_and_a_compiled_network_still_is_one():
    script = """
import torch, torchmetrics, lightning.pytorch
from lightning.fabric.wrappers import _unwrap_compiled
net = torch.nn.Linear(1, 1)
net(torch.ones(1, 1)).sum().backward()
optimizer = torch.optim.AdamW(net.parameters())
optimizer.step()
optimizer.load_state_dict(optimizer.state_dict())
print(*(name in sys.modules for name in ("scipy.stats", "torch._dynamo.eval_frame", "sympy")))
compiled = torch.compile(net, backend="eager")
print("sympy" in sys.modules, _unwrap_compiled(compiled)[0] is net, compiled(torch.ones(1, 1)).shape == (1, 1))
optimizer.zero_grad()
import scipy.signal
print(scipy.signal.windows.hamming(3)[1])
"""
    assert printed(script) == ["False", "False", "False", "True", "True", "True", "1.0"]
