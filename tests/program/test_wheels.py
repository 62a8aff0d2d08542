"""The wheels alone, away from the checkout: an editable install hides a forgotten data file."""

import json
import subprocess
import sys
import sysconfig
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import ZipFile

import pytest

from dl.plugins.discovery import OWN

pytestmark = pytest.mark.check
ROOT = Path(__file__).parents[2]
MEMBERS = (
    *("packages/core", "packages/vision", "packages/text"),
    *("packages/tabular", "plugins/mnist", "plugins/reviews", "plugins/words", "plugins/toys", "plugins/sequences"),
    *("plugins/regularizers", "plugins/augment", "plugins/backbones", "plugins/loggers", "plugins/serve"),
    "reports",
)
MADE = {"__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache"}  # beside the source by tools
FIT = ("fit", "vision", "mnist", "--model", "dense", "width=32", "epochs=1", "val=50000", "--json")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")

    def build(member):
        command = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT / member]
        subprocess.run(command, check=True, capture_output=True)

    with ThreadPoolExecutor(4) as pool:  # much of it is waiting
        list(pool.map(build, MEMBERS))
    return sorted(folder.glob("*.whl"))


def environment(folder):
    venv.create(folder, with_pip=True)
    return folder / "bin"


def fit_away_from_the_checkout(programs, folder):
    done = subprocess.run([programs / "dl", *FIT], cwd=folder, capture_output=True, text=True, check=True)
    where = "import dl, dl_vision, dl_mnist, dl_reports; print(dl.__file__, dl_vision.__file__, dl_mnist.__file__)"
    found = subprocess.run([programs / "python", "-c", where], cwd=folder, capture_output=True, text=True, check=True)
    assert str(ROOT / "packages") not in found.stdout
    return json.loads(done.stdout)


def test_every_member_has_a_wheel(wheels):
    assert [wheel.name.split("-")[0] for wheel in wheels] == sorted(name.replace("-", "_") for name in OWN)


def test_a_wheel_holds_every_file_of_its_member(wheels):
    """Templates, style sheets, schemas and pages, too."""
    for member in MEMBERS:
        source = ROOT / member / "src"
        files = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
        (package,) = (path.name for path in source.iterdir() if path.is_dir())
        (wheel,) = (one for one in wheels if one.name.split("-")[0] in (package, f"{package}_core"))
        ours = {path.as_posix() for path in files if not MADE & set(path.parts)}
        assert ours <= set(ZipFile(wheel).namelist())


def test_the_wheels_fit_where_the_checkout_is_not(wheels, tmp_path):
    """The members come from the wheels; what they depend on is borrowed from this environment, to be quick."""
    programs = environment(tmp_path / "env")
    site = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [programs / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--force-reinstall"]
    subprocess.run([*pip, *wheels], check=True, capture_output=True)
    answer = fit_away_from_the_checkout(programs, tmp_path)
    assert answer["status"] == "finished"
    assert answer["best"]["val_accuracy"] > 0.7


@pytest.mark.slow
def test_the_wheels_bring_all_they_need(wheels, tmp_path):
    """The same with nothing borrowed: the dependencies that the members declare are all there are."""
    programs = environment(tmp_path / "env")
    pip = [programs / "python", "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"]
    subprocess.run([*pip, *wheels], check=True, capture_output=True)
    assert fit_away_from_the_checkout(programs, tmp_path)["status"] == "finished"
