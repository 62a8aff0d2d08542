"""The garbage collector of a command waits until what is large is imported; that of a program is left alone."""

import gc

import pytest

from dl import collector


@pytest.fixture
def thresholds():
    before = gc.get_threshold()
    yield before
    gc.set_threshold(*before)
    gc.unfreeze()


def test_collecting_waits_until_it_is_resumed(thresholds):
    collector.postpone()
    assert gc.get_threshold()[0] == collector.WAITS
    collector.resume()
    assert gc.get_threshold() == collector.USUAL and gc.get_freeze_count() > 0


def test_a_program_keeps_its_own_settings(thresholds):
    gc.set_threshold(123, 4, 5)
    collector.resume()
    assert gc.get_threshold() == (123, 4, 5) and gc.get_freeze_count() == 0
