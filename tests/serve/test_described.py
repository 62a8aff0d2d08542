import dl
from dl.inference.load import reopen
from dl.plugins.loading import load_plugins
from dl_serve.described import reads_of


def test_a_run_on_images_reads_neither_texts_nor_rows_and_a_table_names_its_columns(served_runs):
    images, sizes = (reads_of(reopen(dl.open_run(which, served_runs), load_plugins())) for which in (1, 2))
    assert (images["texts"], images["rows"]) == (False, False)
    assert images["inputs"][0]["kind"] == "pixels" and "resized to 8x8" in images["inputs"][0]["about"]
    assert (sizes["texts"], sizes["rows"], [one["name"] for one in sizes["inputs"]]) == (False, True, ["size"])
