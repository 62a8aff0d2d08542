from dataclasses import replace

import numpy as np
import pytest
import torch

from dl.data.examples import Dataset, Examples
from dl.defaults import Default
from dl.options import Option
from dl.specs import DomainSpec
from dl.testing import check_domain, images
from dl.testing.domain import RULES
from dl.testing.numbers import DOMAIN, Numbers, NumbersPlugin, clouds

OURS = NumbersPlugin({}).register_domains()[0]


class Scaled(Numbers):
    """Divides by the largest number; what is broken overrides one thing."""

    def __init__(self, shape, largest):
        super().__init__(shape)
        self.largest = largest

    def settings(self):
        return {"shape": list(self.shape), "largest": self.largest}

    def forward(self, inputs):
        return super().forward(inputs) / self.largest


class Wide(Numbers):
    def forward(self, inputs):
        return super().forward(inputs)[:, None]


class Twice(Numbers):
    def forward(self, inputs):
        return super().forward(inputs).repeat(1, 2)


class InPlace(Numbers):
    def forward(self, inputs):
        return inputs.mul_(2)


class OddBlank(Numbers):
    def example_input(self):
        return np.zeros(1)


class NoJson(Numbers):
    def settings(self):
        return {"shape": torch.tensor(self.shape)}


class Shapeless(Numbers):
    @property
    def input_shape(self):
        return ()


def spec(options=(), default_recipe="plain", load=None, **changed):
    """The domain of numbers with something changed; it refuses empty folders as ours does."""
    return DomainSpec(DOMAIN, "of a test", load or (lambda: replace(OURS.load(), **changed)), default_recipe, options)


def learns(kind):
    return {
        "learn": lambda part, options: kind(part.examples.array.shape[1:]),
        "restore": lambda settings: kind(settings["shape"]),
    }


def from_all(part, options):
    return Scaled(part.examples.array.shape[1:], float(np.abs(part.examples.array).max()))


def from_part(part, options):
    return Scaled(part.examples.array.shape[1:], float(np.abs(part.examples.array[part.index]).max()))


def restored(settings):
    return Scaled(settings["shape"], settings["largest"])


def fails(*given):
    raise ValueError("no")


def only_zeros(paths, preprocessor):
    return Examples(np.zeros((1, 2), np.float64), np.zeros(1, np.int64), np.arange(1), (), ("a",))


def nameless(paths, preprocessor):
    return replace(OURS.load().read(paths, preprocessor), sources=())


RATES = iter(range(1, 1000))
SKETCHES = iter(np.zeros((n % 3 + 1, 2, 1), np.uint8) for n in range(1000))

BROKEN = {
    "its options can be used": [spec((Option("n", 1, "x", low=3),))],
    "its default recipe works": [spec(default_recipe="nowhere")],
    "its defaults for data of any size fit": [
        replace(spec(), defaults=fails),
        replace(spec(), defaults=lambda facts: [Default("epochs", 0, "why")]),
        replace(spec(), defaults=lambda facts: [Default("epochs", 9, "")]),
        replace(spec(), defaults=lambda facts: [Default("lr", next(RATES), "why")]),
    ],
    "it is loaded": [spec(load=lambda: 7), spec(load=fails)],
    "there is data of it": [],  # below: it needs that none is given
    "it learns a preprocessor": [spec(learn=fails), spec(**learns(Shapeless))],
    "it learns from the given rows alone": [spec(learn=from_all, restore=restored)],
    "its settings restore the same preprocessor": [
        spec(learn=from_part, restore=lambda settings: Scaled(settings["shape"], 1.0)),
        spec(**learns(NoJson)),
    ],
    "a batch has its input_shape": [spec(**learns(Wide))],
    "it keeps encoded inputs unchanged": [spec(**learns(InPlace))],
    "its example input has the form of a batch": [spec(**learns(OddBlank))],
    "a batch goes through a model": [spec(**learns(Twice))],
    "it draws an example": [
        spec(draw=lambda row, width: "x" * (width + 1)),
        spec(draw=lambda row, width: ""),
        spec(draw=fails),
    ],
    "it sketches an example": [spec(sketch=lambda row: next(SKETCHES)), spec(sketch=lambda row: 7)],
    "it reads raw inputs": [spec(read=only_zeros), spec(read=nameless)],
    "a missing path is an error of one line": [
        spec(open_path=fails),
        spec(open_path=lambda path, options: clouds(9)),
    ],
    "it recognizes paths": [spec(recognize=lambda path, options: 2.0), spec(recognize=fails)],
    "it takes strings": [spec(from_strings=fails), spec(from_strings=lambda texts: clouds(3).train)],
}
CASES = [pytest.param(rule, one, id=f"{rule} {k}") for rule, specs in BROKEN.items() for k, one in enumerate(specs)]


@pytest.fixture
def rows(tmp_path):
    """A file of raw inputs."""
    np.save(tmp_path / "rows.npy", clouds(3).train.inputs)
    return [tmp_path / "rows.npy"]


@pytest.mark.parametrize(("rule", "made"), CASES)
def test_what_breaks_a_rule_is_named(rule, made, broken, numbers, rows):
    given = replace(numbers, domains={**numbers.domains, DOMAIN: made})
    assert rule in broken(check_domain, made, given, clouds(30), rows)


def test_there_is_a_broken_domain_for_every_rule():
    assert set(BROKEN) | {"listing it imports nothing heavy"} == set(RULES)


def test_a_domain_without_data_is_said(broken, numbers):
    assert "register a small data set" in broken(check_domain, spec(), numbers)["there is data of it"]


@pytest.mark.parametrize("made", [spec(), spec(learn=from_part, restore=restored)])
def test_a_domain_that_holds_is_not_complained_about(made, broken, numbers, rows):
    assert broken(check_domain, made, numbers, clouds(30), rows) == {}


@pytest.mark.parametrize("name", ["vision", "text", "tabular"])
def test_our_domains_hold(name, broken, numbers):
    assert broken(check_domain, numbers.domain(name), numbers) == {}


def test_a_data_set_of_another_shape_is_not_taken_for_granted(broken, numbers):
    flat = Dataset("flat", Examples(images().train.array[..., 0], images().train.targets, np.arange(60)))
    assert "it learns a preprocessor" in broken(check_domain, numbers.domain("vision"), numbers, flat)
