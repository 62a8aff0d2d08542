"""Causal networks: no logit knows what comes after it, and padding is never read."""

import pytest
import torch

from dl.errors import BadOption
from dl.options import check
from dl.padded import Padded
from dl.tasks.next_token import nats_a_token, reduce_logits
from dl_text.plugin import register_models

SPECS = {spec.name: spec for spec in register_models()}
VARIANTS = [
    ("lstm", {}),
    ("lstm", {"cell": "gru", "layers": 2}),
    ("lstm", {"cell": "rnn", "recurrent_dropout": 0.5, "dropout": 0.5}),
    ("transformer", {"width": 16}),
    ("transformer", {"width": 16, "layers": 2, "dropout": 0.5}),
]
LONG, SHORT = [29, 4, 8, 15, 16, 23, 7, 7], [28, 9, 3]


def built(name, options):
    torch.manual_seed(0)
    spec = SPECS[name]
    return spec.build_causal((9, 30), check(spec.options, options, name)).eval()


def padded(*rows, behind=0):
    longest = max(map(len, rows))
    values = torch.tensor([[*row, *[behind] * (longest - len(row))] for row in rows])
    return Padded(values, torch.tensor([len(row) for row in rows]))


@pytest.mark.parametrize(("name", "options"), VARIANTS)
@pytest.mark.parametrize("gradients", [True, False])
def test_logits_do_not_change_when_later_tokens_do(name, options, gradients):
    network = built(name, options)
    with torch.set_grad_enabled(gradients):
        before = network(padded(LONG))
        assert before.shape == (1, 8, 30)
        for at in range(1, 8):
            changed = network(padded([*LONG[:at], *(20 - token % 20 for token in LONG[at:])]))
            torch.testing.assert_close(changed[:, :at], before[:, :at], rtol=1e-4, atol=1e-5)
            assert not torch.allclose(changed[:, at], before[:, at], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_a_row_gives_the_same_logits_alone_and_beside_a_longer_one(name, options):
    network = built(name, options)
    for behind in (0, 5):
        together = network(padded(LONG, SHORT, behind=behind))
        torch.testing.assert_close(network(padded(SHORT))[0], together[1, :3], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(network(padded(LONG))[0], together[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["lstm", "transformer"])
def test_a_row_is_learnt_by_heart(name):
    network = built(name, {"dropout": 0.0}).train()
    batch = padded(LONG, SHORT)
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(80):
        loss = nats_a_token(reduce_logits(network(batch), batch), torch.empty(2, 0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    assert reduce_logits(network.eval()(batch), batch)[:, 1].tolist() == [7, 2]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("lstm", {"bidirectional": True}, "bidirectional=yes would show the network the next token"),
        ("lstm", {"pool": "mean"}, "pool=mean"),
        ("transformer", {"width": 10, "heads": 3}, "multiple of the heads"),
    ],
)
def test_what_would_see_the_next_token_is_refused(name, options, said):
    with pytest.raises(BadOption, match=said):
        built(name, options)
