import mmap

import numpy as np
import pytest

from dl.data import larger
from dl.errors import BadOption


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DL_CACHE", str(tmp_path))


def test_the_memory_is_that_of_the_machine_or_a_given_one(monkeypatch):
    assert larger.memory() > 1 << 28
    monkeypatch.setenv("DL_MEMORY", "2GB")
    assert larger.memory() == 2 * 10**9
    assert larger.is_larger(10**9 + 1) and not larger.is_larger(10**9)
    monkeypatch.setenv("DL_MEMORY", "much")
    with pytest.raises(BadOption, match="DL_MEMORY='much': expected a size, like 500MB or 20GB"):
        larger.memory()


def test_a_container_has_the_memory_of_its_limit(tmp_path, monkeypatch):
    (tmp_path / "max").write_text("1000000\n")
    (tmp_path / "none").write_text("max\n")
    monkeypatch.setattr(larger, "LIMITS", (str(tmp_path / "max"), str(tmp_path / "none"), str(tmp_path / "absent")))
    assert larger.memory() == 1_000_000


def test_a_large_array_lies_in_a_file_that_disappears(tmp_path, monkeypatch):
    monkeypatch.setenv("DL_MEMORY", "8KB")
    assert not isinstance(larger.empty((1000,), np.uint8), np.memmap)
    made = larger.spilled(np.arange(1000.0))
    assert isinstance(made, np.memmap) and made.tolist() == np.arange(1000.0).tolist()
    assert [path.name for path in (tmp_path / "gathered").iterdir()] == ["CACHEDIR.TAG"]
    assert not isinstance(larger.spilled(np.arange(100.0)), np.memmap)


def test_stretches_near_each_other_are_read_ahead_at_once(tmp_path):
    class Advised(mmap.mmap):
        def madvise(self, *given):
            seen.append(given)
            super().madvise(*given)

    seen, size = [], 64 * mmap.PAGESIZE
    (tmp_path / "rows").write_bytes(bytes(100 + size))
    with (tmp_path / "rows").open("rb") as file:
        rows = np.memmap(file, np.uint8, "r", 100, (size // 512, 512))
        rows._mmap = Advised(file.fileno(), 0, prot=mmap.PROT_READ)
        whole = np.frombuffer(rows._mmap, np.uint8)[100 : 100 + size].reshape(-1, 512).view(np.memmap)
        whole._mmap = rows._mmap
    begins = np.array([0, 1, 3, 400])
    larger.read_ahead(whole, begins, begins + 1)
    start = (100 + 400 * 512) // mmap.PAGESIZE * mmap.PAGESIZE
    assert seen == [(mmap.MADV_WILLNEED, 0, 100 + 4 * 512), (mmap.MADV_WILLNEED, start, 100 + 401 * 512 - start)]
    larger.read_ahead(np.zeros((9, 4)), begins[:1], begins[:1] + 1)  # in memory: nothing to do
