"""What a hook returned is checked: a list of specifications whose every field holds."""

from dataclasses import replace
from itertools import repeat

import pytest

from dl.errors import PluginFailed
from dl.options import Option
from dl.plugins.validation import _FIELDS, KINDS, as_list, spec_fault
from dl.specs import DomainSpec, ModelSpec, OwnStep, RegularizerSpec


def test_every_field_of_a_specification_has_its_check():
    assert {field for kind in KINDS for field in kind.spec.__dataclass_fields__} <= set(_FIELDS)


MODELS = next(kind for kind in KINDS if kind.field == "models")
GOOD = ModelSpec("net", "vision", "of a test", print, (Option("width", 3, "units"),))


@pytest.mark.parametrize("returned", [[GOOD], (GOOD,), {GOOD.name: GOOD}.values(), iter([GOOD])])
def test_whatever_can_be_listed_is_a_list(returned):
    assert as_list(returned, MODELS) == [GOOD]


@pytest.mark.parametrize("returned", [None, 7, "net", b"net", GOOD])
def test_what_is_no_sequence_is_refused_by_what_it_is(returned):
    with pytest.raises(PluginFailed, match=r"it returned .+, not a sequence of ModelSpec"):
        as_list(returned, MODELS)


@pytest.mark.parametrize("step", [print, OwnStep(3), OwnStep(print, optimizers=[])])
def test_a_training_step_that_is_no_function_is_refused(step):
    assert _FIELDS["own_step"][0](OwnStep(print, optimizers=print)) and not _FIELDS["own_step"][0](step)


def test_a_sequence_without_an_end_is_refused():
    with pytest.raises(PluginFailed, match="more than 10,000 things"):
        as_list(repeat(GOOD), MODELS)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, ""),
        ({"build_causal": print, "options": []}, ""),
        ({"name": ""}, "the model has name='', not a name of 1 to 100 characters"),
        ({"name": "two words"}, "the model 'two words' has a name that cannot be typed"),
        ({"name": "a=b"}, "the model 'a=b' has a name that cannot be typed"),
        ({"name": "-flag"}, "the model '-flag' has a name that cannot be typed"),
        ({"description": None}, "the model 'net' has description=None, not a text of at most 10,000 characters"),
        ({"build": "net"}, "the model 'net' has build='net', not a function"),
        ({"build_causal": 1}, "the model 'net' has build_causal=1, not a function or None"),
        ({"options": GOOD.options * 2}, "not a tuple of Option, each with a name of its own"),
        ({"options": (Option("a b", 1, "no"),)}, "not a tuple of Option"),
    ],
)
def test_the_first_field_that_does_not_hold_is_named(fields, fault):
    found = spec_fault(replace(GOOD, **fields), MODELS)
    assert (found == fault) if not fault.startswith("not") else fault in found


def test_a_specification_of_another_kind_is_no_model():
    assert spec_fault(RegularizerSpec("mine", "batch", "", print), MODELS).endswith("among its models, not a ModelSpec")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({}, ""),
        ({"rank": True}, "rank=True, not a whole number"),
        ({"place": "elsewhere"}, "place='elsewhere', not one of network, batch, penalty, training"),
        ({"tasks": "binary"}, "tasks='binary', not a tuple of names"),
    ],
)
def test_a_regularizer_acts_in_a_place_that_there_is(fields, fault):
    kind = next(kind for kind in KINDS if kind.field == "regularizers")
    assert spec_fault(replace(RegularizerSpec("mine", "batch", "", print), **fields), kind).endswith(fault)


def test_what_belongs_to_a_domain_is_unique_within_it():
    assert MODELS.key(GOOD) == ("vision", "net")
    assert KINDS[0].key(DomainSpec("vision", "", print, "mlp")) == "vision"
