import json
from dataclasses import replace

import numpy as np
import pytest
from torch import nn

from dl.data.examples import Dataset, Examples
from dl.domain import Domain
from dl.errors import BadData, BadFile, PluginFailed
from dl.hookspecs import hookimpl
from dl.options import Option
from dl.plugins.attribution import RETURN_TYPES, attributing, plugin_of_traceback
from dl.plugins.discovery import FoundPlugin
from dl.plugins.loading import load_plugins
from dl.specs import CheckSpec, DatasetSpec, DomainSpec, ModelSpec

EXAMPLES = Examples(np.zeros((4, 2)), np.arange(4) % 2, np.arange(4), ("a", "b"))


NOTHING = Examples(np.zeros((0, 2)), np.arange(0), np.arange(0))


def of(**fields):
    return replace(EXAMPLES, **fields)


class Odd(BaseException):
    """Not an Exception."""


class Stranger:
    """A plugin with what it is given."""

    def __init__(self, load=None, build=None, domain=None, page=None):
        self.load, self.build, self.domain, self.page = load, build, domain, page

    @hookimpl
    def register_datasets(self):
        return [DatasetSpec("mine", "vision", "of a test", self.load)] if self.load else []

    @hookimpl
    def register_models(self):
        return (
            [ModelSpec("net", "vision", "of a test", self.build, (Option("width", 3, "units"),))] if self.build else []
        )

    @hookimpl
    def register_domains(self):
        return [DomainSpec("odd", "of a test", self.domain, "none")] if self.domain else []

    @hookimpl
    def register_checks(self):
        return [CheckSpec("odd-check", "of a test", lambda: None, self.page)] if self.page else []


def host(**given):
    return load_plugins(extra=[Stranger(**given)])


def raises(error):
    def call(*_):
        raise error

    return call


def exits(*_):
    raise SystemExit(3)


WHO = "plugin 'Stranger' given by the program, dl 0.1.0: "


@pytest.mark.parametrize(
    ("load", "message"),
    [
        (raises(KeyError("col")), "load of the data set 'mine' failed: KeyError: 'col' (test_attribution.py:"),
        (raises(FileNotFoundError(2, "No such file", "x.csv")), "FileNotFoundError"),
        (exits, "it calls sys.exit(3)"),
        (raises(Odd("no")), "failed: Odd: no"),
        (lambda options: None, "load of the data set 'mine' returned None, not a Dataset"),
        (lambda options: Dataset("mine", None), ""),
        (lambda options: Dataset("", EXAMPLES), "load of the data set 'mine' has the name ''"),
        (lambda options: Dataset("mine", EXAMPLES, val_size="1"), "has val_size='1', not a number"),
        (
            lambda options: Dataset("mine", EXAMPLES, val=of(inputs=np.zeros((4, 3)))),
            "validation inputs of another",
        ),
        (
            lambda options: Dataset("mine", EXAMPLES, val=of(targets=np.zeros(4))),
            "real numbers of shape () where",
        ),
        (lambda options: Dataset("mine", EXAMPLES, val=NOTHING), "has a validation set without an example"),
        (lambda options: Dataset("mine", of(inputs=[[0]] * 4)), "train of load of the data set 'mine' has inputs in a"),
        (lambda options: Dataset("mine", of(inputs=np.zeros((4, 2))[::-1])), "give np.ascontiguousarray(inputs)"),
        (lambda options: Dataset("mine", of(targets=np.array(list("abab")))), "has targets of <U1, not an array"),
        (lambda options: Dataset("mine", of(targets=np.zeros((4, 2, 2)))), "has targets of shape (4, 2, 2)"),
        (lambda options: Dataset("mine", of(ids=np.array(list("abcd")))), "has ids of <U1, not an array of numbers"),
        (lambda options: Dataset("mine", of(ids=np.zeros(4, int))), "has 4 ids, of which 1 are different"),
        (lambda options: Dataset("mine", of(names=(1, 2))), "has names=(1, 2), not texts"),
        (lambda options: Dataset("mine", of(groups=np.arange(3))), "has 3 groups for 4 examples"),
        (lambda options: Dataset("mine", [1, 2]), "train of load of the data set 'mine' is [1, 2], not a Examples"),
    ],
)
def test_a_data_set_that_fails_when_it_is_read_is_one_line_about_its_plugin(load, message):
    spec = host(load=load).dataset("vision", "mine")
    if not message:  # an absent part is the data set's own business
        assert spec.load({}).train is None
        return
    with pytest.raises(PluginFailed) as caught:
        spec.load({})
    line = str(caught.value)
    assert line.startswith(WHO) and message in line and line.endswith("  switch it off: DL_PLUGINS=-Stranger")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    "made",
    [
        Dataset("mine", of(sources=np.array(list("abcd")))),
        Dataset("mine", of(inputs=np.asfortranarray(np.zeros((4, 2), np.float16)), names=["a", "b"])),
        Dataset("mine", of(ids=np.arange(4, dtype=np.uint64) + 2**62, targets=np.arange(4) > 1)),
        Dataset("mine", of(inputs=np.broadcast_to(np.zeros((4, 1)), (4, 9)), times=np.arange(4).astype("M8[D]"))),
        Dataset("mine", EXAMPLES, val_size=np.int64(2)),
        Dataset("mine", EXAMPLES, val=of(targets=np.array([0, 1, 0, 1], np.uint8))),
    ],
)
def test_what_is_unusual_and_right_is_not_blamed(made):
    assert host(load=lambda options: made).dataset("vision", "mine").load({}).train.ids.shape == (4,)


def test_what_our_own_errors_say_the_user_can_mend_and_an_interrupt_pass_through():
    for error in (BadData("row 3 has no label"), KeyboardInterrupt(), BrokenPipeError()):
        with pytest.raises(type(error)) as caught:
            host(load=raises(error)).dataset("vision", "mine").load({})
        assert caught.value is error


def test_the_traceback_stays_behind_the_line():
    error = ValueError("deep")
    with pytest.raises(PluginFailed) as caught:
        host(load=raises(error)).dataset("vision", "mine").load({})
    assert caught.value.__cause__ is error


def test_a_test_part_that_fails_or_is_rubbish_is_blamed_too():
    good = Dataset("mine", EXAMPLES, open_test=lambda: EXAMPLES)
    assert host(load=lambda options: good).dataset("vision", "mine").load({}).open_test() is not None
    for open_test, message in (
        (raises(OSError("gone")), "failed: OSError: gone"),
        (lambda: 7, "returned 7, not a Examples"),
    ):
        loaded = host(load=lambda options, t=open_test: Dataset("mine", EXAMPLES, t)).dataset("vision", "mine").load({})
        with pytest.raises(PluginFailed, match=f"open_test of load of the data set 'mine' {message}"):
            loaded.open_test()


@pytest.mark.parametrize(
    ("build", "message"),
    [(raises(TypeError("no")), "failed: TypeError"), (lambda *a: "net", "returned 'net', not a Module")],
)
def test_a_model_that_cannot_be_built_is_blamed(build, message):
    with pytest.raises(PluginFailed, match=f"build of the model 'net' {message}"):
        host(build=build).model("vision", "net").build((2,), 2, {})


def test_a_model_that_can_be_built_is_given_as_it_is():
    net = nn.Linear(2, 2)
    assert host(build=lambda *a: net).model("vision", "net").build((2,), 2, {}) is net


def test_each_function_of_a_domain_is_blamed():
    names = [name for name, field in Domain.__dataclass_fields__.items() if "Callable" in str(field.type)]
    domain = Domain(**{name: raises(ValueError(name)) for name in names})
    loaded = host(domain=lambda: domain).domain("odd").load()
    for name in names:
        with pytest.raises(PluginFailed, match=f"{name} of load of the domain 'odd' failed: ValueError: {name}"):
            getattr(loaded, name)(None, None)


def test_a_page_that_fails_is_blamed():
    with pytest.raises(PluginFailed, match="page of the check 'odd-check' failed"):
        host(page=raises(OSError())).check("odd-check").page()


def test_what_is_asked_of_plugins_exists():
    import dl.specs
    from dl.domain import Domain
    from dl.regularizer import Regularizer

    kinds = {"Dataset": Dataset, "Domain": Domain, "Regularizer": Regularizer}
    for kind, field in RETURN_TYPES:
        assert field in (kinds.get(kind) or getattr(dl.specs, kind)).__dataclass_fields__


def test_an_error_is_the_plugins_whose_code_it_passed_through_last(site):
    module = site.add("careless", "def work():\n    return {}['x']\n")
    site.add("other", "x = 1")
    with pytest.raises(KeyError) as caught:
        __import__(module).work()
    assert plugin_of_traceback(caught.value).name == "careless"
    with pytest.raises(ZeroDivisionError) as ours:
        1 / 0  # noqa: B018
    assert plugin_of_traceback(ours.value) is None


def test_a_module_of_python_or_of_dl_that_an_entry_point_names_is_nobodys(site):
    site.add("claims", "", target="json:dumps")
    site.add("claims-dl", "", target="dl.errors")
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads("{")
    assert plugin_of_traceback(caught.value) is None


def test_a_place_that_may_not_be_read_is_no_fault_of_the_plugin_that_reads_it():
    with (
        pytest.raises(BadFile, match=r"^'photos' cannot be used: Permission denied$"),
        attributing(FoundPlugin("vision", object), "open_path"),
    ):
        raise PermissionError(13, "Permission denied", "photos")
