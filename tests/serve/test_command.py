"""The verb, and the page docs/serve.md: its requests are sent to a service, and its unit is read by systemd."""

import re
import shlex
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

import dl
from dl.errors import BadOption
from dl_serve.command import SERVE, serve
from tools.pages import ROOT

PAGE = (ROOT / "docs/serve.md").read_text(encoding="utf-8")


def test_the_help_has_three_examples_and_a_short_first_line():
    assert SERVE.count("Example: dl serve") == 3
    assert len(SERVE.splitlines()[0]) <= 62


def test_an_impossible_limit_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(BadOption, match="--max-rows 0"):
        serve(["last"], runs=tmp_path, max_rows=0)


def block(language):
    """The first block of a language."""
    return re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[1]


@pytest.mark.check
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_requests_of_the_page_are_answered(start_service, tmp_path):
    runs = tmp_path / "runs"
    dl.fit("tabular", "wine", epochs=1, runs=runs, rivals=False)
    dl.fit("vision", "digits", epochs=1, width=2, runs=runs, rivals=False)
    lines = [shlex.split(line) for line in PAGE.splitlines() if line.startswith("curl") and "Bearer" not in line]
    np.save(tmp_path / "digits.npy", np.zeros((2, 8, 8), np.uint8))
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "digit.png")
    write_wine(tmp_path / "wine.csv")
    with start_service(tmp_path / "log", "wine=1", "digits=2", "--runs", str(runs)) as (client, _):
        for words in lines:
            words[1] = words[1].replace("http://127.0.0.1:8000", str(client.base_url).rstrip("/"))
            done = subprocess.run([*words, "-sS", "--fail-with-body"], cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert len(lines) == 5


def write_wine(path):
    """Write two rows of the data set wine with its columns."""
    from sklearn.datasets import load_wine

    found = load_wine()
    rows = [",".join(map(str, row)) for row in found.data[:2]]
    path.write_text("\n".join([",".join(found.feature_names), *rows]) + "\n")


@pytest.mark.check
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_reads_the_unit_without_a_word(tmp_path):
    unit = tmp_path / "dl.service"
    unit.write_text(block("ini").replace("/opt/dl/bin/dl", shutil.which("true")))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if "dl.service" in line] == []
