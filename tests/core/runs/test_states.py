import json
from hashlib import sha256

import pytest

from dl.errors import DamagedRun
from dl.runs.states import listed_states, whole_state


def listing(folder, file="state-000002.ckpt"):
    """A folder of states with a manifest that lists one."""
    folder.joinpath("manifest.json").write_text(
        json.dumps([{"file": file, "sequence": 2, "sha256": sha256(b"state").hexdigest()}])
    )
    return folder


def test_a_folder_without_a_manifest_lists_no_state(tmp_path):
    assert listed_states(tmp_path) == [] == listed_states(tmp_path / "none")


def test_a_state_is_read_where_it_has_its_checksum(tmp_path):
    (entry,) = listed_states(listing(tmp_path))
    assert (entry.sequence, whole_state(tmp_path, entry)) == (2, None)
    (tmp_path / entry.file).write_bytes(b"state")
    assert whole_state(tmp_path, entry) == b"state"
    (tmp_path / entry.file).write_bytes(b"statf")
    assert whole_state(tmp_path, entry) is None


@pytest.mark.parametrize("file", ["../run.json", "state-2.ckpt.tmp", ""])
def test_a_manifest_that_names_another_file_is_refused(tmp_path, file):
    with pytest.raises(DamagedRun, match="is no checkpoint"):
        listed_states(listing(tmp_path, file))
