import torch
from torch import nn

from dl.padded import Padded
from dl_sequences.history import Forecast, with_history
from dl_sequences.shape import Beginning, SeriesShape


def begins(season=1):
    return Beginning(0, season, (1.0,) * 3, (0.0,) * 3)


class Flat(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(1, 3)

    def forward(self, batch):
        return self.head(batch.values[:, 0, :1])


WINDOWS = Padded(torch.tensor([[[1.0], [2.0], [3.0], [4.0]], [[7.0], [8.0], [0.0], [0.0]]]), torch.tensor([4, 2]))


def test_a_forecast_begins_as_the_last_value_or_as_that_of_a_season_ago():
    assert Forecast(Flat(), 4, begins())(WINDOWS).tolist() == [[4, 4, 4], [8, 8, 8]]
    assert Forecast(Flat(), 4, begins(season=2))(WINDOWS).tolist() == [[3, 4, 3], [7, 8, 7]]


def test_it_begins_in_the_scale_of_the_target_and_at_log_odds_of_shares():
    scaled = Beginning(0, 1, (2.0, 2.0, 4.0), (0.0, 1.0, 0.0))
    assert Forecast(Flat(), 4, scaled)(WINDOWS)[0].tolist() == [8, 9, 16]
    shares = Beginning(0, 1, (0.1,) * 3, (0.1,) * 3, shares=True)
    assert torch.allclose(Forecast(Flat(), 4, shares)(WINDOWS)[0], torch.zeros(3), atol=1e-6)


def test_a_level_that_training_never_had_moves_the_forecast_by_as_much():
    network = Forecast(Flat(), 4, begins())
    for parameter in network.parameters():
        nn.init.normal_(parameter)
    higher = WINDOWS._replace(values=torch.where(WINDOWS.mask[:, :, None], WINDOWS.values + 100, 0))
    assert torch.allclose(network(higher), network(WINDOWS) + 100, atol=1e-3)


def test_a_network_that_forecasts_nothing_stays_as_it_is():
    deep = Flat()
    assert with_history(deep, SeriesShape.of(4, 1), 3) is deep and with_history(deep, (4, 1), 3) is deep
