"""A changed byte of an exported folder or file of safetensors is noticed before anything is answered."""

import shutil
import subprocess

import numpy as np
import pytest
from safetensors.torch import load, save

from dl.exporting.formats import FORMATS, import_file
from dl.exporting.loader import Network
from dl.exporting.sums import SUMS, listed, sum_of, with_own_sum

DRAWN = 40  # bits of each file


def flipped(content, bit):
    """Return a content with one bit changed."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def bits(content, rng):
    """Draw bits of a content, and the first and last of it."""
    return [0, 8 * len(content) - 1, *rng.integers(0, 8 * len(content), DRAWN).tolist()]


@pytest.fixture(scope="module")
def exported(packages, tmp_path_factory):
    """A folder and a file of safetensors."""
    folder = tmp_path_factory.mktemp("exported")
    (folder / "folder").mkdir()
    for name, content in FORMATS["folder"].contents(packages["folder"], "visits", "# card\n").items():
        (folder / "folder" / name).write_bytes(content)
    for name, content in FORMATS["safetensors"].contents(packages["safetensors"], "visits", "# card\n").items():
        (folder / name).write_bytes(content)
    return folder


def test_a_changed_bit_of_a_file_of_safetensors_is_one_line(exported, tmp_path):
    content = (exported / "visits.safetensors").read_bytes()
    place = tmp_path / "visits.safetensors"
    shutil.copy(exported / "visits_steps.py", tmp_path)
    for bit in bits(content, np.random.default_rng(0)):
        place.write_bytes(flipped(content, bit))
        with pytest.raises(ValueError, match=r"^visits.safetensors is damaged: its SHA-256 is not that of the export"):
            Network(place)
    for changed in (content[:-1], content + b"\0", b""):
        place.write_bytes(changed)
        with pytest.raises(ValueError, match="is damaged"):
            Network(place)


@pytest.mark.parametrize("name", ["config.json", "network.json", "model.safetensors", "steps.py", SUMS])
def test_a_changed_bit_of_a_folder_is_one_line_or_changes_no_answer(name, exported, tmp_path, preparation, examples):
    shutil.copytree(exported / "folder", tmp_path / "folder")
    place = tmp_path / "folder" / name
    content, noticed = place.read_bytes(), 0
    raw = preparation.raw(examples.inputs)
    wanted = Network(exported / "folder")(**raw)
    drawn = bits(content, np.random.default_rng(1))
    for bit in drawn:
        place.write_bytes(flipped(content, bit))
        try:
            found = Network(place.parent)(**raw)
        except ValueError as error:
            assert "is damaged: its SHA-256 is not that of the export" in str(error)
            noticed += 1
        else:
            assert all(np.array_equal(found[key], wanted[key]) for key in wanted)
    assert noticed == len(drawn) if name != SUMS else noticed > len(drawn) / 2  # README.md may differ from its sum


def test_a_changed_loader_that_still_runs_is_noticed_by_itself(exported, tmp_path):
    shutil.copytree(exported / "folder", tmp_path / "folder")
    place = tmp_path / "folder/load.py"
    place.write_text(place.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"load.py is damaged"):
        import_file(place).Network(place.parent)


def test_changed_code_beside_a_file_of_safetensors_is_not_run(exported, tmp_path):
    shutil.copy(exported / "visits.safetensors", tmp_path)
    (tmp_path / "visits_steps.py").write_text("raise SystemExit('run')\n")
    with pytest.raises(ValueError, match=r"visits_steps.py is damaged"):
        Network(tmp_path / "visits.safetensors")


def test_files_of_two_exports_are_not_mixed(exported, tmp_path):
    shutil.copytree(exported / "folder", tmp_path / "folder")
    weights = load((exported / "folder/model.safetensors").read_bytes())
    (tmp_path / "folder/model.safetensors").write_bytes(save({name: one + 1 for name, one in weights.items()}))
    with pytest.raises(ValueError, match=r"model.safetensors is damaged"):
        Network(tmp_path / "folder")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum")
@pytest.mark.parametrize("name", FORMATS)
def test_the_sums_of_every_format_are_those_of_sha256sum(name, packages, tmp_path):
    contents = FORMATS[name].contents(packages[name], "visits", "# card\n")
    for file, content in contents.items():
        (tmp_path / file).write_bytes(content)
    (sums,) = {"visits.sha256", SUMS} & set(contents)
    lines = contents[sums].decode().splitlines()
    assert [line.split("  ")[1] for line in lines] == [file for file in contents if file != sums]
    command = ["sha256sum", "--check", "--strict", "--quiet", sums]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    (tmp_path / lines[0].split("  ")[1]).write_bytes(b"other")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 1


def test_a_file_holds_the_sum_of_itself_with_a_blank_in_its_place():
    content = b'{"sha256":"' + b"0" * 64 + b'"} weights'
    found = with_own_sum(content)
    assert found == b'{"sha256":"' + sum_of(content).encode() + b'"} weights'
    assert listed({"a": b""}) == b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n"
