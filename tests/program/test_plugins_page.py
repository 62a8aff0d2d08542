"""What docs/plugins.md shows runs: its console lines one after another, in an environment of its own."""

import re
import shlex
from pathlib import Path

import pytest

pytestmark = pytest.mark.check

PAGE = (Path(__file__).parents[2] / "docs/plugins.md").read_text()


def test_the_console_lines_run_in_their_order(environment_at, make_wheel, good, tmp_path):
    env = environment_at(tmp_path / "env")
    make_wheel(env.cwd, "dl-hello")
    (env.cwd / "dl_plugins").mkdir()
    (env.cwd / "dl_plugins/toy.py").write_text(good("toy-data"))
    said = []
    for line in "".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)).splitlines():
        words = shlex.split(line, comments=True)
        assert words[0] == "dl"
        out, err = env.dl(*words[1:])
        assert out.strip(), f"{line} says nothing"
        said.append((out, err))
    assert len(said) == 12
    looked = [(out, err) for out, err in said if "mnist-slant" in out and "plugin" not in out.split("\n")[0]]
    assert "toy.py" in looked[0][1] and "toy-data" not in looked[0][0]
    assert "toy-data" in looked[1][0] and not looked[1][1]


def test_the_line_about_a_broken_plugin_is_the_one_it_shows(environment_at, make_wheel, tmp_path):
    env = environment_at(tmp_path / "env")
    shown = re.search(r"^    (dl: plugin .+)$", PAGE, re.MULTILINE)[1]
    make_wheel(env.site, "dl-hello", source="import nowhere")
    import zipfile

    with zipfile.ZipFile(next(env.site.glob("*.whl"))) as wheel:
        wheel.extractall(env.site)
    assert env.dl("ls")[1].strip() == shown


def test_every_variable_is_on_the_page():
    from dl.plugins.attribution import TRACE
    from dl.plugins.selection import VARIABLE
    from dl.plugins.states import STRICT

    assert all(f"`{name}=" in PAGE for name in (TRACE, STRICT, VARIABLE, "DL_DEBUG"))
