"""A beam that keeps every string finds the one that is most probable over all paths."""

from itertools import product

import torch

from dl.tasks.beam import beam_search
from dl.tasks.ctc import spelled
from dl.tasks.edits import END


def probabilities(shares):
    """Add up the probability of each string over all paths."""
    found = {}
    for path in product(range(shares.shape[1]), repeat=len(shares)):
        (string,) = spelled(torch.nn.functional.one_hot(torch.tensor([path]), shares.shape[1]).float()).tolist()
        key = tuple(number for number in string if number != END)
        found[key] = found.get(key, 0.0) + float(shares[range(len(path)), path].prod())
    return found


def test_a_wide_beam_finds_the_most_probable_string():
    shares = torch.softmax(1.5 * torch.randn(20, 4, 3, generator=torch.Generator().manual_seed(0)), dim=2)
    for each, (found,) in ((one, beam_search(one[None], 100).tolist()[:1]) for one in shares):
        of_all = probabilities(each)
        assert tuple(number for number in found if number != END) == max(of_all, key=of_all.__getitem__)


def test_many_paths_of_one_string_outweigh_the_most_probable_path():
    shares = torch.tensor([[[0.6, 0.4], [0.6, 0.4]]])  # blanks 0.36; the string "0" in three ways 0.64
    assert spelled(shares).tolist() == [[END, END, END]]
    assert beam_search(shares, 4).tolist() == [[0, END, END]]
