"""The verb test: each evaluation is counted, and shown with its interval."""

BARS = """
from dl.hookspecs import hookimpl
from dl.specs import DatasetSpec

def load(options):
    from dl.testing import images
    return images()

@hookimpl
def register_datasets():
    return [DatasetSpec("bars", "vision", "of a test", load)]
"""


def test_an_evaluation_is_counted_and_told_with_its_interval(dl_run, site):
    site.add("bars", BARS)
    assert dl_run("fit", "vision", "bars", "--model", "dense", "width=8", "epochs=1", "--json").code == 0
    first = dl_run("test", "last", "--json").json
    refused = dl_run("test", "last")
    assert refused.code == 2 and refused.out == ""
    assert "this test set was evaluated 1 time, last on " in refused.err
    assert refused.err.strip().endswith("look all the same: dl test 0001-bars-dense --again")
    second = dl_run("test", "last", "--again").out
    assert (first["run"], first["examples"], first["look"]) == ("0001-bars-dense", 20, 1)
    score = first["score"]
    assert f"accuracy  {100 * score['value']:.2f} % [{100 * score['low']:.2f}, {100 * score['high']:.2f}]" in second
    assert "0001-bars-dense" in second.splitlines()[0] and " 2 " in second.splitlines()[-1]
