from dl.data.packaged import locate
from dl_sequences.data import WEATHER, digit_rows, weather


def test_digits_are_series_of_the_rows_of_their_pictures():
    found = digit_rows({})
    assert len(found.train) + len(found.open_test()) == 1797
    assert set(found.train.inputs.lengths) == {8} and len(found.train.inputs.values.dtype.names) == 8


def test_the_weather_is_forecast_a_week_ahead_from_the_published_file():
    found = weather({"window": 14, "season": 1})
    lines = locate(WEATHER).read_text().splitlines()[1:]
    heat = [float(line.split(",")[2]) for line in lines]
    assert len(found.train) == len(lines) - 14 - 7 + 1 and found.train.targets[0].tolist() == heat[14:21]
    assert found.train.inputs.row(0)["temp_max"].tolist() == heat[:14] and found.options["horizon"] == 7
