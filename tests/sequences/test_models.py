import pytest
import torch

from dl.errors import BadOption
from dl.options import check
from dl.padded import Padded
from dl_sequences import models
from dl_sequences.plugin import register_models

SPECS = {spec.name: spec for spec in register_models() if not spec.is_learner}


def built(name, **options):
    torch.manual_seed(0)
    return getattr(models, name)((9, 2), 3, check(SPECS[name].options, options, name)).eval()


BOTH_WAYS = ({"bidirectional": True, "layers": 2}, {"bidirectional": True, "pool": "mean"})
CASES = [*((name, {}) for name in SPECS), *((name, one) for name in ("gru", "lstm") for one in BOTH_WAYS)]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_logits_depend_neither_on_what_padding_holds_nor_on_how_much_there_is(name, options):
    network, steps = built(name, **options), torch.randn(1, 5, 2)
    padded = torch.cat([steps, torch.full((1, 4, 2), 77.0)], dim=1)
    alone = network(Padded(steps, torch.tensor([5])))
    together = network(Padded(torch.cat([padded, torch.randn(1, 9, 2)]), torch.tensor([5, 9])))
    assert alone.shape == (1, 3) and torch.allclose(alone[0], together[0], atol=1e-5)


def test_the_order_of_the_steps_counts():
    steps = torch.randn(1, 6, 2)
    for name in SPECS:
        network = built(name)
        one, other = (network(Padded(values, torch.tensor([6]))) for values in (steps, steps.flip(1)))
        assert not torch.allclose(one, other, atol=1e-4), name


def test_a_width_that_no_head_divides_is_refused():
    with pytest.raises(BadOption, match="width=10 heads=4: the width must be even and a multiple of the heads"):
        built("transformer", width=10)
