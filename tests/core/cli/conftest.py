"""What tests of the command line share."""

import pytest

from dl.cli.json_output import begin_command


@pytest.fixture(autouse=True)
def no_document():
    """Each test is a command that has printed no document."""
    begin_command()
