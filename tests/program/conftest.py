"""What the tests of the whole program share: small images, ``dl`` in a process or environment of its own, wheels."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def images(tmp_path):
    """A function that makes a folder of two classes of grey noise, one darker: images(n=20, size=4, name="shades")."""

    def make(n=20, size=4, name="shades"):
        rng = np.random.default_rng(0)
        for number in range(n):
            label = ("dark", "light")[number % 2]
            (tmp_path / name / label).mkdir(parents=True, exist_ok=True)
            pixels = rng.integers(0, 160, (size, size), dtype=np.uint8) + 90 * (label == "light")
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / name / label / f"{number:03d}.png")
        return tmp_path / name

    return make


@pytest.fixture
def dl_process(tmp_path):
    """A function that starts ``dl`` in a process of its own: dl_process("ls", ...) gives a Popen."""
    script = str(Path(sys.executable).parent / "dl")

    started = []

    def start(*words):
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
        process = subprocess.Popen(
            [script, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=environment,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


PLUGIN = """
from dl.hookspecs import hookimpl
from dl.specs import DatasetSpec

@hookimpl
def register_datasets():
    return [DatasetSpec("{data}", "vision", "of a test, version {version}", lambda options: None)]
"""


def _make_wheel(folder, name, version="1.0", source=None, requires=(), point=True):
    """Write a wheel of one module that registers the data set <name>-data."""
    folder.mkdir(exist_ok=True)
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {one}" for one in requires)]
    files = {
        f"{module}.py": PLUGIN.format(data=f"{name}-data", version=version) if source is None else source,
        f"{info}/METADATA": "Metadata-Version: 2.1\n" + "\n".join(lines) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[dl]\n{name.removeprefix('dl-')} = {module}\n" if point else "",
    }
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(inside, text)
    return path


class Environment:
    """An environment of its own that borrows what dl is made of from this one."""

    def __init__(self, folder):
        venv.create(folder, with_pip=False)
        self.folder, self.python = folder, folder / "bin/python"
        self.site = next(folder.glob("lib/python*/site-packages"))
        borrowed = [path for path in sys.path if "site-packages" in path or path.endswith("/src")]
        (self.site / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
        (folder / "bin/dl").write_text(f"#!{self.python}\nfrom dl.__main__ import main\nmain()\n")
        (folder / "bin/dl").chmod(0o755)
        self.links, self.cwd = folder / "links", folder / "cwd"
        self.links.mkdir()
        self.cwd.mkdir()

    def dl(self, *words, code=0, **environment):
        """Run dl; stdout, stderr."""
        given = {
            name: value for name, value in os.environ.items() if not name.startswith(("DL_", "PIP_", "PYTHONPATH"))
        }
        given |= {"PIP_CONFIG_FILE": os.devnull}  # what somebody has set there is no part of a test
        given |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.links), "PIP_NO_BUILD_ISOLATION": "0"}
        given |= {"COLUMNS": "200", "DL_CONFIG": str(self.folder / "config"), **environment}
        done = subprocess.run(
            [self.folder / "bin/dl", *map(str, words)],
            capture_output=True,
            text=True,
            cwd=self.cwd,
            env=given,
            timeout=120,
        )
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr or environment.get("DL_DEBUG")
        return done.stdout, done.stderr

    def forget(self):
        """Remove what was installed, quicker than pip does."""
        for path in self.site.glob("dl_*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def installed(self):
        """The distributions that are really its own."""
        return {path.name.partition("-")[0] for path in self.site.glob("*.dist-info")}


@pytest.fixture(scope="session")
def make_wheel():
    """The function that writes a wheel of one plugin: make_wheel(folder, name, version="1.0", source=None)."""
    return _make_wheel


@pytest.fixture(scope="session")
def environment_at():
    """A function that makes an environment of its own in a folder."""
    return Environment
