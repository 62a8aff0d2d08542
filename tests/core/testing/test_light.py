"""A plugin is listed in a process of its own, and what it imports there is named."""

import pytest

from dl.plugins.loading import load_plugins
from dl.testing.light import lists_lightly
from dl.testing.rules import Broken, Skipped


def test_a_plugin_that_imports_nothing_heavy_is_light(site, good):
    site.add("light", good("small"))
    lists_lightly(load_plugins(), "datasets", ("vision", "small"))


def test_one_that_imports_what_is_heavy_is_named_with_it(site, good):
    site.add("heavy", good("large", first="import PIL.Image"))
    with pytest.raises(Broken, match="the plugin 'heavy' imports PIL when it is listed; import it in functions"):
        lists_lightly(load_plugins(), "datasets", ("vision", "large"))


def test_what_no_installed_plugin_registered_is_skipped(numbers):
    for key in ("numbers", "nothing"):
        with pytest.raises(Skipped, match="it is not registered by an installed plugin"):
            lists_lightly(numbers, "domains", key)
