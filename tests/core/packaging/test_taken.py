"""Names and files that are taken are refused before pip runs; the whole way is in tests/program/test_install.py."""

import pytest

from dl.errors import InstallFailed
from dl.packaging.needs import Need
from dl.packaging.taken import breakage, refuse_taken


@pytest.mark.parametrize(
    "where",
    [
        "dl-workbench-core",
        "DL_Workbench.Vision==9",
        "dl.workbench_text[x]>=1",
        "dl-workbench-reports @ https://x/y.zip",
        "https://x/dl_workbench_mnist-1-py3-none-any.whl",
    ],
)
def test_the_name_of_a_distribution_of_dl_is_refused_however_it_is_spelt(where):
    with pytest.raises(InstallFailed, match=r"has the name of a distribution of dl, dl-.*; nothing was installed"):
        refuse_taken("it", where)


def test_a_folder_that_takes_the_name_of_a_plugin_is_refused(tmp_path):
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nname = "mine"\n[project.entry-points.dl]\nvision = "mine"\n')
    with pytest.raises(
        InstallFailed, match=r"registers a plugin 'vision', and that is the name of the plugin of dl-workbench-vision"
    ):
        refuse_taken("./mine", str(tmp_path))
    project.write_text('[project]\nname = "mine"\n[project.entry-points.dl]\nmine = "mine"\n')
    refuse_taken("./mine", str(tmp_path))


@pytest.mark.parametrize("where", ["numpy", "https://x/y.zip", "git+https://x/dl-core", "/nowhere.whl", "a b", ""])
def test_what_cannot_be_read_or_takes_nothing_is_left_to_pip(where):
    refuse_taken("it", where)


def test_what_would_break_is_named_with_the_way_on():
    needs = [Need(f"p{k} 1", "rich", ">=15", "15.0") for k in range(5)]
    line = breakage("a b", ["-U"], needs, {"rich": "9.0"})
    assert line.startswith(
        "installing 'a b' would break what is installed: p0 1 needs rich>=15, and it would replace 15.0 by 9.0; p1"
    )
    assert "; and 2 more; nothing was installed" in line and line.endswith("dl install -U 'a b' --force")
