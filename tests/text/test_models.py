"""The networks on tokens: shapes, what padding does to them (nothing), and that they learn."""

import pytest
import torch

from dl.options import check
from dl.padded import Padded
from dl_text.models import Recurrent
from dl_text.plugin import register_models
from dl_text.prepare import is_first, tf_idf

SPECS = {spec.name: spec for spec in register_models()}
VARIANTS = [
    ("bag", {}),
    ("bag", {"depth": 0}),
    ("bag", {"depth": 2, "dropout": 0.5}),
    ("embedding-bag", {}),
    ("lstm", {}),
    ("lstm", {"bidirectional": True, "layers": 2}),
    ("lstm", {"bidirectional": True, "pool": "mean", "cell": "gru"}),
    ("lstm", {"cell": "rnn", "recurrent_dropout": 0.5}),
    ("conv1d", {"sizes": "1,3,5"}),
    ("transformer", {}),
]


def built(name, options, outputs=3, numbers=50):
    torch.manual_seed(0)
    spec = SPECS[name]
    return spec.build((0, numbers), outputs, check(spec.options, options, name)).eval()


def padded(*rows):
    longest = max(map(len, rows))
    values = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])
    return Padded(values, torch.tensor([len(row) for row in rows]))


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_a_text_gives_the_same_logits_alone_and_beside_a_longer_one(name, options):
    network = built(name, options)
    short, long = [5, 9, 3], [4, 8, 15, 16, 23, 42, 7, 7]
    together = network(padded(short, long, [11]))
    assert together.shape == (3, 3)
    for row, text in enumerate((short, long, [11])):
        torch.testing.assert_close(network(padded(text))[0], together[row], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_what_stands_behind_the_end_changes_nothing(name, options):
    network = built(name, options)
    if name in ("bag", "embedding-bag", "conv1d"):  # they know padding by its number
        return
    clean = padded([5, 9, 3], [4, 8, 15, 16])
    dirty = clean._replace(values=torch.tensor([[5, 9, 3, 33], [4, 8, 15, 16]]))
    torch.testing.assert_close(network(clean), network(dirty), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_every_network_learns_eight_texts_by_heart(name, options):
    network = built(name, options, outputs=2).train()
    batch = padded(
        *[
            torch.randint(2, 50, (length,), generator=torch.Generator().manual_seed(length)).tolist()
            for length in range(3, 11)
        ]
    )
    target = torch.tensor([0, 1] * 4)
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(150):
        loss = torch.nn.functional.cross_entropy(network(batch), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (network.eval()(batch).argmax(dim=1) == target).all()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_reading_from_both_ends_is_what_a_packed_net_reads(cell):
    network = built("lstm", {"cell": cell, "bidirectional": True, "embedding": 4, "units": 5})
    assert isinstance(network, Recurrent)
    batch = padded([5, 9, 3], [4, 8, 15, 16, 23])
    peer = type(network.cells[0])(4, 5, batch_first=True, bidirectional=True)
    for suffix, own in (("", network.cells[0]), ("_reverse", network.cells[1])):
        for name, weight in own.named_parameters():
            getattr(peer, name + suffix).data.copy_(weight)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        network.embedding(batch.values), batch.lengths, batch_first=True, enforce_sorted=False
    )
    last = peer(packed)[1]
    hidden = last[0] if isinstance(last, tuple) else last
    torch.testing.assert_close(network(batch), network.head(torch.cat([*hidden], dim=1)), rtol=1e-4, atol=1e-5)


def test_dropped_connections_come_back_and_evaluation_drops_none():
    network = built("lstm", {"recurrent_dropout": 0.9})
    names = [name for name, _ in network.named_parameters()]
    batch = padded([5, 9, 3])
    still = network(batch)
    network.train()
    assert not torch.equal(network(batch), network(batch))
    network.eval()
    assert torch.equal(still, network(batch))
    assert sorted(names) == sorted(name for name, _ in network.named_parameters())


def test_only_the_first_of_a_kind_counts_and_padding_never():
    assert is_first(torch.tensor([[5, 9, 5, 0], [7, 7, 7, 8]])).tolist() == [
        [True, True, False, False],
        [True, False, False, True],
    ]


def test_tf_idf_is_that_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer

    lines = ["a b b c", "c c c a", "d"]
    peer = TfidfVectorizer(token_pattern=r"\w+").fit(lines)
    idf = torch.tensor([0.0, 0.0, *peer.idf_], dtype=torch.float32)
    batch = padded(*[[peer.vocabulary_[word] + 2 for word in line.split()] for line in lines])
    weights = tf_idf(batch.values, idf)
    bags = torch.zeros(3, len(idf)).scatter_add(1, batch.values, weights)[:, 2:]
    torch.testing.assert_close(bags, torch.tensor(peer.transform(lines).toarray(), dtype=torch.float32))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_recurrent_net_works_in_mixed_precision_on_a_cpu(cell):
    spec = SPECS["lstm"]
    options = {option.name: option.default for option in spec.options} | {"cell": cell, "recurrent_dropout": 0.5}
    network = spec.build((0, 20), 2, options)
    batch = Padded(torch.randint(1, 20, (3, 5)), torch.tensor([5, 3, 1]))
    with torch.autocast("cpu", torch.bfloat16):
        network(batch).float().sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
