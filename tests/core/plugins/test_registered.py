"""The plugins of one command are loaded once; outside of a command, whoever asks loads them anew."""

import pytest

from dl.plugins.registered import loading_once, registered


def test_all_parts_of_a_command_get_the_same_plugins_and_the_next_command_its_own():
    with loading_once():
        first = registered()
        assert registered() is first
        with loading_once():  # a command that runs another one
            assert registered() is not first
        assert registered() is first
    with loading_once():
        assert registered() is not first


def test_a_program_gets_those_that_are_installed_when_it_asks(monkeypatch, site, good):
    assert "new" not in {name for _, name in registered().datasets}
    site.add("new", good("new"))
    assert "new" in {name for _, name in registered().datasets}


def test_a_failure_is_not_kept(monkeypatch, site):
    site.add("broken", "raise ValueError('no')")
    monkeypatch.setenv("DL_STRICT_PLUGINS", "1")
    with loading_once():
        with pytest.raises(Exception, match="broken"):
            registered()
        monkeypatch.setenv("DL_PLUGINS", "none")
        assert registered() is registered()
