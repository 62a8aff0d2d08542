import importlib.metadata
import zipfile

import pytest

from dl.plugins.discovery import GROUP, OWN, installed, satisfies


def named(found):
    return {(one.name, one.target, one.distribution, one.version) for one in found}


def test_what_is_found_is_what_importlib_finds(site, good):
    for number in range(5):
        site.add(f"some-{number}", good("x"), version=f"{number}.0", target="{module}:plugin.inner [extra]")
    theirs = {
        (point.name, point.value.partition(" [")[0], point.dist.name, point.dist.version)
        for point in importlib.metadata.entry_points(group=GROUP)
    }
    assert named(installed()) == theirs and len(theirs) >= 8


def test_dls_own_come_first_then_by_name(site, good):
    site.add("aaa", good("x"))
    found = installed()
    own = [one.name for one in found if one.own]
    strangers = [one.name for one in found if not one.own]
    assert [one.name for one in found] == own + strangers and "vision" in own and "aaa" in strangers
    assert own == sorted(own) and strangers == sorted(strangers)


def test_dls_own_are_the_members_of_the_workspace():
    import tomllib
    from pathlib import Path

    root = Path(__file__).parents[3]
    members = [
        *root.glob("packages/*/pyproject.toml"),
        *root.glob("plugins/*/pyproject.toml"),
        *(root / "reports/pyproject.toml", root / "workbench/pyproject.toml"),
    ]
    assert {tomllib.loads(path.read_text())["project"]["name"] for path in members} == OWN


def test_the_first_of_two_distributions_of_one_name_counts(site, good, tmp_path):
    site.add("twice", good("x"), version="2.0")
    other = type(site)(tmp_path / "other")
    other.add("twice", good("y"), version="1.0")
    assert [one.version for one in installed([str(site.folder), str(other.folder)])] == ["2.0"]


def test_another_version_beside_is_said_and_what_pip_has_left_half_removed_is_not_there(site, good):
    site.add("twice", good("x"), version="1.0")
    site.add("twice", good("x"), version="2.0")
    info = next(site.folder.glob("dist_twice-1.0*"))
    info.rename(info.with_name("~ist_gone-1.0.dist-info"))
    assert [(one.version, one.beside) for one in installed([str(site.folder)])] == [("2.0", "")]
    site.add("twice", good("x"), version="1.0")
    assert [(one.version, one.beside) for one in installed([str(site.folder)])] == [("1.0", "2.0")]


def test_entry_points_may_begin_with_a_mark_of_their_encoding(site, good):
    site.add("marked", good("x"))
    path = next(site.folder.glob("*.dist-info")) / "entry_points.txt"
    path.write_text("[dl]\nmarked = here\n", encoding="utf-8-sig")
    assert [one.name for one in installed([str(site.folder)])] == ["marked"]


def test_an_egg_info_and_a_zip_file_are_read(tmp_path):
    info = tmp_path / "old.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Name: old\nVersion: 3\n")
    (info / "entry_points.txt").write_text("[dl]\nold=old.plugin\n")
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.writestr("zipped-1.dist-info/METADATA", "Name: zipped\nVersion: 1\n")
        archive.writestr("zipped-1.dist-info/entry_points.txt", "[dl]\nzipped = zipped:plugin\n")
    found = named(installed([str(tmp_path), str(tmp_path / "zipped.zip")]))
    assert found == {("old", "old.plugin", "old", "3"), ("zipped", "zipped:plugin", "zipped", "1")}


def test_a_distribution_with_damaged_metadata_is_still_named(site, good):
    site.add("bare", good("x"), version="1.5")
    (next(site.folder.glob("*.dist-info")) / "METADATA").write_bytes(b"\xff\x00")
    (found,) = installed([str(site.folder)])
    assert (found.distribution, found.version) == ("dist_bare", "of unknown version")


@pytest.mark.parametrize("text", ["no entry point", "[dl]\nno entry point\n", "[dl\n", "\0", "[dl]\n= \n[[]]\n"])
def test_entry_points_that_are_none_do_not_hide_the_other_plugins(site, good, text):
    site.add("bad", good("x"))
    (next(site.folder.glob("*.dist-info")) / "entry_points.txt").write_text(text)
    site.add("fine", good("y"))
    assert "fine" in [one.name for one in installed([str(site.folder)])]


@pytest.mark.parametrize(
    ("requires", "needs"),
    [
        (["dl-workbench-core"], ""),
        (["dl-workbench-core>=0.2"], ">=0.2"),
        (["numpy>=2", "DL_Workbench.Core (>=0.1,<0.2)"], ">=0.1,<0.2"),
        (["dl-workbench-core>=9; extra == 'new'"], ""),
        (["dl-corelib>=3"], ""),
    ],
)
def test_what_a_plugin_asks_of_the_core_is_read_from_its_requirements(site, good, requires, needs):
    site.add("asking", good("x"), requires=requires)
    assert [one.needs for one in installed([str(site.folder)])] == [needs]


@pytest.mark.parametrize("folder", ["/nowhere", "", "\0", "/dev/null"])
def test_a_folder_that_is_none_holds_nothing(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert installed([folder]) == []


@pytest.mark.parametrize(
    ("needs", "version", "holds"),
    [
        ("", "0.1.0", True),
        (">=0.1", "0.1.0", True),
        (">=0.1.0,<0.2", "0.1.5", True),
        (">=0.1.0,<0.2", "0.2", False),
        (">=0.2", "0.1.0", False),
        ("<1", "0.9", True),
        ("==0.1.0", "0.1", True),
        ("==0.1.0", "0.1.1", False),
        (">=0.10", "0.9", False),
        ("==0.1.*", "0.1.7", True),
        ("~=0.2", "0.1.7", False),
        ("!=0.1.0", "0.1.0", False),
        (">=0.1", "0.2.dev1", True),
        ("nonsense", "0.1.0", True),
    ],
)
def test_a_requirement_is_read_as_packaging_reads_it(needs, version, holds):
    assert satisfies(needs, version) is holds


def test_the_quick_way_agrees_with_packaging():
    from packaging.specifiers import SpecifierSet

    versions = ["0", "0.1", "0.1.0", "0.1.1", "0.9", "0.10", "1", "1.0.0", "2.3.4"]
    for sign in (">=", "<"):
        for bound in versions:
            for version in versions:
                assert satisfies(f"{sign}{bound}", version) == SpecifierSet(f"{sign}{bound}").contains(version)
