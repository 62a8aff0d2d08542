from dataclasses import replace
from hashlib import sha256
from importlib.metadata import requires

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from dl.data.packaged import locate
from dl.data.ragged import as_text
from dl.errors import BadFile
from dl_words import ratings
from dl_words.groups import group_numbers
from dl_words.ratings import VADER, read, stems

ROWS = "good\t1.9\t0.9\t[1, 2, 3]\nbad\t-2.5\t0.6\t[-2, -3, 0]\ngood\t0\t0\t[-1]\n"


def put(folder, content):
    path = folder / "lexicon.txt"
    path.write_bytes(content)
    return path, replace(VADER, name="lexicon.txt", sha256=sha256(content).hexdigest())


def by_text(name):
    dataset = ratings.load(name)
    return {
        as_text(row): float(target[0])
        for part in (dataset.train, dataset.open_test())
        for row, target in zip(part.inputs, part.targets, strict=True)
    }


def test_an_entry_in_two_rows_has_the_ratings_of_both(tmp_path):
    assert read(*put(tmp_path, ROWS.encode())) == {"good": [1, 2, 3, -1], "bad": [-2, -3, 0]}


def test_the_lexicon_is_the_published_one():
    found = read(locate(VADER))
    assert len(found) == 7_506 and sum(map(len, found.values())) == 75_200
    assert sha256(locate(VADER).read_bytes()).hexdigest() == VADER.sha256
    assert {rating for given in found.values() for rating in given} == set(range(-4, 5))


def test_the_mean_is_the_one_the_lexicon_gives_but_for_its_one_slip():
    found, values = read(locate(VADER)), by_text("valence")
    given = {}
    for line in locate(VADER).read_text(encoding="utf-8").splitlines():
        entry, mean, *_ = line.split("\t")
        given.setdefault(entry, []).append(float(mean))
    assert set(values) == set(found) == set(given)
    once = [entry for entry, means in given.items() if len(means) == 1]
    differ = [entry for entry in once if abs(values[entry] - given[entry][0]) > 0.051]
    assert differ == ["lmfao"]
    assert len(once) == 7_492


def test_targets_are_what_the_ratings_say():
    values, shares = by_text("valence"), by_text("positive-share")
    assert values["paranoid"] == pytest.approx(-1.0) and shares["paranoid"] == pytest.approx(0.2)
    assert values[":)"] > 1.5 and shares[":)"] == pytest.approx(1.0)
    assert np.corrcoef(list(values.values()), [shares[text] for text in values])[0, 1] > 0.9
    assert min(values.values()) >= -4 and max(values.values()) <= 4
    assert {round(share * 10, 5) % 0.5 for share in shares.values()} == {0.0}


def test_words_of_one_stem_and_emoticons_of_the_same_characters_are_of_one_group():
    entries = ["adore", "adored", "Adoring", "win", "winner", "wins", "window", "sad", "(:o", "(:O", "o:(", ":)", "no"]
    groups = dict(zip(entries, group_numbers(stems(entries)).tolist(), strict=True))
    for together in (("adore", "adored", "Adoring"), ("win", "winner", "wins", "window"), ("(:o", "(:O", "o:(")):
        assert len({groups[entry] for entry in together}) == 1
    assert len(set(groups.values())) == 6


def test_a_lexicon_of_other_bytes_is_refused(tmp_path):
    path, _ = put(tmp_path, ROWS.encode())
    with pytest.raises(BadFile, match=r"expected sha256 1ec9c6e9.*--no-deps vaderSentiment==3.3.2"):
        read(path)


def test_the_repair_names_the_version_that_the_distribution_asks_for():
    assert f"{VADER.package}=={VADER.version}".lower() in requires("dl-workbench-words")


def test_the_figures_of_the_card_are_what_a_linear_model_gives():
    """Five folds; the same model with groups kept together and with groups ignored."""
    found = read(locate(VADER))
    entries, values = list(found), np.array([np.mean(given) for given in found.values()])
    model = make_pipeline(TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True), Ridge(0.5))
    together = GroupKFold(5).split(entries, groups=group_numbers(stems(entries)))
    apart = KFold(5, shuffle=True, random_state=0).split(entries)
    errors = [
        np.abs(cross_val_predict(model, entries, values, cv=list(folds)) - values).mean() for folds in (together, apart)
    ]
    median = np.abs(values - np.median(values)).mean()
    assert [*errors, median] == pytest.approx([1.42, 0.68, 1.51], abs=0.006)
    said = " ".join(ratings.load("valence").notes)
    assert all(f"{figure:.2f}" in said for figure in (*errors, median))
