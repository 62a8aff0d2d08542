"""What fails during a fit is told to be its plugin's, where a third party's takes part."""

import pytest

from dl.errors import BadData, PluginFailed
from dl.plugins.loading import load_plugins
from dl.recipes.recipe import Recipe
from dl.runs.run import open_run
from dl.training.attribution import attribute_errors


class Odd(BaseException):
    """Not an Exception."""


def raises(error):
    def call(*_):
        raise error

    return call


def exits(*_):
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda logits, training: logits[:1] if training else logits, "a run with the model 'net' failed: ValueError"),
        (lambda logits, training: exits() if training else logits, "failed: it calls sys.exit(3)"),
        (lambda logits, training: raises(Odd("no"))() if training else logits, "failed: Odd: no"),
    ],
)
def test_what_fails_in_training_with_a_strangers_network_is_its_plugins_and_the_run_says_so(
    fit, blobs, runs, net, answer, message
):
    with pytest.raises(PluginFailed) as caught:
        fit(blobs(), model="net", more=[net(answer)])
    assert message in str(caught.value) and caught.value.exit_code == 4
    assert open_run("last", runs).manifest.status == "failed"


def test_what_fails_with_dls_own_things_alone_stays_as_it_is(fit, blobs):
    plugins = load_plugins()
    recipe = Recipe("vision", "mnist", "dense", "", 0, {}, {}, {}, {}, {})
    with pytest.raises(ZeroDivisionError), attribute_errors(recipe, plugins):
        1 / 0  # noqa: B018


@pytest.fixture
def strangers(net):
    """The plugins with a stranger's model, and a recipe that names it."""
    return load_plugins(extra=[net(lambda logits, training: logits)]), Recipe("numbers", "given", "net")


def test_the_plugin_whose_code_the_error_passed_through_comes_before_those_that_the_recipe_names(strangers, site):
    module = site.add("careless", "def work():\n    return {}['x']\n")
    plugins, recipe = strangers
    with (
        pytest.raises(PluginFailed, match=r"^plugin 'careless' of dist-careless 1\.0, .*KeyError: 'x'") as caught,
        attribute_errors(recipe, plugins),
    ):
        __import__(module).work()
    assert isinstance(caught.value.__cause__, KeyError)


def test_without_a_plugin_on_the_way_it_is_the_strangers_that_the_recipe_names(strangers):
    plugins, recipe = strangers
    with (
        pytest.raises(PluginFailed, match=r"plugin 'Networks' .*: a run with the model 'net' failed: RuntimeError: no"),
        attribute_errors(recipe, plugins),
    ):
        raise RuntimeError("no")


@pytest.mark.parametrize("error", [BadData("row 3"), KeyboardInterrupt()])
def test_what_the_user_can_mend_and_an_interrupt_are_nobodys_fault(strangers, error):
    plugins, recipe = strangers
    with pytest.raises(type(error)) as caught, attribute_errors(recipe, plugins):
        raise error
    assert caught.value is error
