"""requirements.lock holds all that the members need, at the versions that are tested; `make try-dist` installs them."""

import re
from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.lock import LOCK, third_party

ROOT = Path(__file__).parents[2]
LINES = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
LOCKED = dict(line.split(" ")[0].split("==") for line in LINES)


def needed():
    """The requirements of the members and all that these require, as they are installed here."""
    found, waiting = {}, [Requirement(one) for one in third_party()]
    while waiting:
        one = waiting.pop()
        extras = ["", *one.extras]
        key = (canonicalize_name(one.name), *sorted(extras))
        if key not in found and (one.marker is None or one.marker.evaluate({"extra": ""})):
            found[key] = one
            for text in requires(one.name) or ():
                new = Requirement(text)
                if new.marker is None or any(new.marker.evaluate({"extra": extra}) for extra in extras):
                    new.marker = None
                    waiting.append(new)
    return {name for name, *_ in found}


def test_each_line_is_a_version_and_a_hash():
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+ --hash=sha256:[0-9a-f]{64}", line) for line in LINES)


def test_all_that_the_members_need_is_locked_and_nothing_else():
    assert set(LOCKED) == needed(), "write it anew: python -m tools.lock"


def test_what_is_locked_is_what_is_tested():
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    versions = {canonicalize_name(one[0]): one[1] for line in pinned if len(one := line.split("==")) == 2}
    assert {name: versions[name] for name in LOCKED if name in versions}.items() <= LOCKED.items()
    assert LOCKED["torch"] == version("torch").partition("+")[0]
