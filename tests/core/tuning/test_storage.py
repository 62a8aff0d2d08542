import importlib.util

import pytest

from dl.errors import BadOption, CannotWrite, InstallFailed
from dl.tuning.storage import Place, mend_journal, open_journal

SECRET = "geh%40im"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("study.log", "study.log"),
        (f"postgresql://me:{SECRET}@host:5432/base", "postgresql://me:***@host:5432/base"),
        (f"postgresql://host/base?user=me&password={SECRET}", "postgresql://host/base?user=me&password=***"),
        ("postgresql://me@host/base", "postgresql://me@host/base"),
    ],
)
def test_a_storage_is_shown_without_its_password(typed, shown):
    place = Place.parse(typed)
    assert place.shown == shown
    assert place.without_secrets(f"cannot\nreach {typed}") == f"cannot reach {shown}"
    if SECRET in typed:
        assert place.without_secrets("no geh@im and no geh%40im") == "no *** and no ***"


@pytest.mark.parametrize(
    "typed", ["study.txt", "study", "sqlite:///study.db", "postgres", f"redis://:{SECRET}@host.log"]
)
def test_what_is_no_storage_is_refused(typed):
    with pytest.raises(BadOption, match=r"expected a file such as study\.log, or postgresql://") as refused:
        Place.parse(typed)
    assert "geh" not in str(refused.value)


def test_a_missing_driver_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        InstallFailed, match=r"psycopg  install it: pip install 'dl-workbench-core\[storage\]'"
    ) as refused:
        Place.parse(f"postgresql://me:{SECRET}@host/base")
    assert "geh" not in str(refused.value)
    with pytest.raises(InstallFailed, match="needs pymysql  install it: pip install pymysql"):
        Place.parse("mysql://host/base")


def test_a_file_in_no_folder_cannot_be_opened(tmp_path):
    with pytest.raises(CannotWrite, match="the folder does not exist"):
        Place.parse(str(tmp_path / "nowhere/study.log")).open()


def test_a_line_that_a_kill_cut_off_is_removed_by_whoever_writes_next(tmp_path):
    import optuna

    path = tmp_path / "study.log"
    storage = open_journal(path)
    study = optuna.create_study(storage=storage, study_name="one")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code":')
    study.set_user_attr("here", 1)
    lines = path.read_bytes().splitlines()
    assert path.read_bytes().startswith(whole) and all(line.endswith(b"}") for line in lines)
    assert optuna.load_study(study_name="one", storage=open_journal(path)).user_attrs == {"here": 1}
    path.write_bytes(whole)
    mend_journal(path)
    assert path.read_bytes() == whole
    path.unlink()
    with pytest.raises(FileNotFoundError):  # never begun anew, where a shared folder is away for a minute
        study.set_user_attr("here", 2)
