"""What a learner is can be read without anything heavy."""

import subprocess
import sys


def test_the_contract_imports_neither_torch_nor_scikit_learn():
    code = "import sys, dl.learner; print([one for one in ('torch', 'sklearn') if one in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
