import subprocess
import sys

import numpy as np
import pytest

from dl.data.examples import content_number
from dl.data.ragged import as_text
from dl.tasks.table import decide
from dl_words import phrases, plugin, ratings

SPECS = {spec.name: spec for spec in plugin.register_datasets()}


@pytest.fixture(scope="module")
def parts():
    datasets = {name: spec.load({}) for name, spec in SPECS.items()}
    return {name: (dataset, dataset.train, dataset.open_test()) for name, dataset in datasets.items()}


def strings(examples):
    return [as_text(row) for row in examples.inputs]


def in_a_new_process(*lines):
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_listing_imports_nothing_that_reads():
    names = in_a_new_process("import sys; from dl_words import plugin; plugin.register_datasets(); print(*sys.modules)")
    assert not {"numpy", "babel", "vaderSentiment", "requests", "pandas", "pyarrow", "torch"} & set(names)


def test_loading_never_imports_the_package_of_the_ratings():
    names = in_a_new_process(
        "import sys; from dl_words import plugin",
        "for spec in plugin.register_datasets(): spec.load({}).open_test()",
        "print(*(name.split('.')[0] for name in sys.modules))",
    )
    assert "babel" in names and not {"vaderSentiment", "requests", "torch", "pandas"} & set(names)


def test_every_data_set_is_described():
    assert set(SPECS) == set(plugin.DESCRIPTIONS) == set(phrases.TITLES) | set(ratings.TITLES)


@pytest.mark.parametrize(
    ("name", "task", "train", "test"),
    [
        ("phrase-language", "multiclass", 8_359, 860),
        ("phrase-languages", "multilabel", 9_556, 1_038),
        ("valence", "regression", 6_731, 775),
        ("positive-share", "unit-regression", 6_731, 775),
    ],
)
def test_every_row_of_the_task_table_has_its_data_set(parts, name, task, train, test):
    """The sizes are those of the tested set of packages; another babel has other names, so these may move a little."""
    dataset, learnt, held = parts[name]
    info = decide(learnt.targets, learnt.names).info
    assert info.name == task and info.names == held.names
    near = 0 if name in ratings.TITLES else 0.05
    assert len(learnt) == pytest.approx(train, rel=near) and len(held) == pytest.approx(test, rel=near)
    assert dataset.name == name and dataset.val_size == 0.15


@pytest.mark.parametrize("name", SPECS)
def test_parts_are_disjoint_in_texts_ids_and_groups(parts, name):
    _, train, test = parts[name]
    for one, other in ((strings(train), strings(test)), (train.ids, test.ids)):
        both = [*one, *other]
        assert len(both) == len(set(both))
    assert not set(train.groups.tolist()) & set(test.groups.tolist())


@pytest.mark.parametrize("name", SPECS)
def test_ids_follow_from_the_text_alone(parts, name):
    for part in parts[name][1:]:
        assert part.ids.tolist() == [content_number(text.encode()) for text in strings(part)]


@pytest.mark.parametrize("name", SPECS)
def test_no_group_is_large(parts, name):
    sizes = np.unique(parts[name][1].groups, return_counts=True)[1]
    assert len(sizes) > 1_000 and sizes.max() < 0.02 * sizes.sum()


@pytest.mark.parametrize("name", SPECS)
def test_a_card_says_where_the_labels_come_from_and_what_groups_are_for(parts, name):
    dataset = parts[name][0]
    said = " ".join(dataset.notes)
    assert "the test set is dl's own" in said and "groups: " in said and "tokens=chars" in said
    assert dataset.source.startswith("https://") and dataset.licence.startswith(("Unicode License V3", "MIT"))
    assert said.startswith(("labels: ", "target: "))


def test_the_licences_of_the_packages_are_the_ones_the_cards_name():
    from importlib.metadata import files

    babel = " ".join(path.read_text() for path in files("babel") if path.name.startswith("LICENSE"))
    assert "UNICODE LICENSE V3" in babel and "Redistribution and use in source and binary forms" in babel
    (licence,) = [path for path in files("vaderSentiment") if path.name == "LICENSE.txt"]
    assert "MIT License" in licence.read_text() and "C.J. Hutto" in licence.read_text()
