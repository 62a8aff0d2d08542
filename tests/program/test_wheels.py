"""The distributions alone, away from the checkout: an editable install hides a forgotten data file."""

import json
import subprocess
import sys
import sysconfig
import tarfile
import venv
from email.parser import Parser
from zipfile import ZipFile

import pytest

from dl.plugins.discovery import OWN
from dl.version import PROJECT, VERSION
from tools import dist, try_install
from tools.members import ROOT, USUAL_SET, distribution, find_members

pytestmark = pytest.mark.check
MADE = {"__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_cache"}  # beside the source by tools
FIT = ("fit", "vision", "mnist", "--model", "dense", "width=32", "epochs=1", "val=50000", "--json")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return dist.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheels(built):
    return [path for path in built if path.suffix == ".whl"]


def stem(member):
    return f"{distribution(member).replace('-', '_')}-{VERSION}"


def test_every_member_has_a_wheel_and_a_source_archive(built):
    names = {f"{name.replace('-', '_')}-{VERSION}" for name in OWN}
    assert {path.name for path in built} == {
        f"{name}{end}" for name in names for end in ("-py3-none-any.whl", ".tar.gz")
    }


def test_built_again_elsewhere_each_is_the_same_byte_for_byte(built):
    """And a wheel built from the tree is the one built from the source archive."""
    assert dist.differing(built) == []


def test_twine_has_no_complaint(built):
    done = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *built], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count("PASSED") == len(built), done.stdout


def test_a_wheel_holds_every_file_of_its_member(wheels):
    """Templates, style sheets, schemas and pages, too; and its licence, README and classifiers."""
    for member in find_members():
        source = member / "src"
        files = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
        ours = {path.as_posix() for path in files if not MADE & set(path.parts)}
        (wheel,) = (one for one in wheels if one.name.startswith(stem(member)))
        with ZipFile(wheel) as archive:
            held = set(archive.namelist())
            metadata = Parser().parsestr(archive.read(f"{stem(member)}.dist-info/METADATA").decode())
        assert ours | {f"{stem(member)}.dist-info/licenses/LICENSE"} <= held
        assert ours == {name for name in held if ".dist-info/" not in name}
        assert metadata["License-Expression"] == "MIT" and "Typing :: Typed" in metadata.get_all("Classifier")
        assert metadata.get_payload() == (member / "README.md").read_text(encoding="utf-8")


def test_a_source_archive_holds_what_builds_its_wheel_and_nothing_of_tools(built):
    (archive,) = (one for one in built if one.name == f"{stem(USUAL_SET)}.tar.gz")
    with tarfile.open(archive) as found:
        assert {name.partition("/")[2] for name in found.getnames()} - {".gitignore"} == {
            *("LICENSE", "PKG-INFO", "README.md", "pyproject.toml"),
        }


def test_the_wheels_fit_where_the_checkout_is_not(wheels, tmp_path):
    """The members come from the wheels; what they depend on is borrowed from this environment, to be quick."""
    venv.create(tmp_path / "env", with_pip=True)
    programs = tmp_path / "env" / "bin"
    site = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [programs / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--force-reinstall"]
    subprocess.run([*pip, *wheels], check=True, capture_output=True)
    done = subprocess.run([programs / "dl", *FIT], cwd=tmp_path, capture_output=True, text=True, check=True)
    where = "import dl, dl_vision, dl_mnist, dl_reports; print(dl.__file__, dl_vision.__file__, dl_mnist.__file__)"
    found = subprocess.run([programs / "python", "-c", where], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert str(ROOT / "packages") not in found.stdout
    answer = json.loads(done.stdout)
    assert answer["status"] == "finished"
    assert answer["best"]["val_accuracy"] > 0.7


@pytest.mark.slow
def test_the_usual_set_brings_all_it_needs(built, monkeypatch, capsys):
    """With nothing borrowed: the files of requirements.lock, then the members by the name of the usual set."""
    monkeypatch.setattr(try_install, "DIST", built[0].parent)
    assert try_install.main([]) == 0
    assert f"{PROJECT}=={VERSION}" in try_install.steps("python", built[0].parent, locked=True)["wheels"]
    assert capsys.readouterr().out.count(" s  ") == 7
