from dl_serve.metrics import Histogram


def test_a_bucket_counts_all_values_up_to_its_bound():
    histogram = Histogram((1, 2))
    for value in (1, 2, 3):
        histogram.add(value)
    buckets = [line.rsplit(" ", 1)[1] for line in histogram.lines("n", 'run="a"')]
    assert buckets == ["1", "2", "3", "6", "3"]
