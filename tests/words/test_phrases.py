import numpy as np
import pytest

from dl.data.ragged import as_text
from dl_words import phrases


@pytest.fixture(scope="module")
def one():
    return both("phrase-language")


@pytest.fixture(scope="module")
def several():
    return both("phrase-languages")


def both(name):
    dataset = phrases.load(name)
    test = dataset.open_test()
    found = {}
    for part in (dataset.train, test):
        for row, target, group in zip(part.inputs, part.targets.tolist(), part.groups.tolist(), strict=True):
            found[as_text(row)] = (target, group)
    return dataset.train.names, found


KNOWN = {
    "deutschland": "German",
    "germany": "English",
    "allemagne": "French",
    "saksa": "Finnish",
    "niemcy": "Polish",
    "duitsland": "Dutch",
    "alemania": "Spanish",
    "alemanha": "Portuguese",
    "germania": "Italian",
    "tyskland": "Swedish",
}


def test_a_country_has_its_ten_names_in_one_group(one):
    names, found = one
    assert {text: names[found[text][0]] for text in KNOWN} == KNOWN
    assert len({found[text][1] for text in KNOWN}) == 1


def test_a_name_that_languages_share_has_each_of_them_and_is_left_out_where_one_is_asked_for(one, several):
    names, found = several
    spoken = {names[k] for k in np.flatnonzero(found["ägypten"][0])}
    assert spoken == {"German"}
    assert {names[k] for k in np.flatnonzero(found["september"][0])} >= {"German", "English", "Dutch", "Swedish"}
    assert "september" not in one[1] and "ägypten" in one[1]


def test_each_phrase_has_at_least_one_language_and_most_have_exactly_one(several):
    counts = np.array([sum(target) for target, _ in several[1].values()])
    assert counts.min() == 1 and 0.8 < (counts == 1).mean() < 0.95 and counts.max() == 10


def test_the_phrases_of_one_language_are_those_with_one_label(one, several):
    single = {text: target.index(1) for text, (target, _) in several[1].items() if sum(target) == 1}
    assert {text: target for text, (target, _) in one[1].items()} == single


def test_no_class_is_rare(one):
    counts = np.bincount([target for target, _ in one[1].values()])
    assert len(counts) == 10 and counts.min() > 0.6 * counts.max()


def test_phrases_are_lower_case_latin_and_no_codes(one):
    assert all(text == text.lower() == " ".join(text.split()) for text in one[1])
    assert not {"deu", "usd", "latn", "xx"} & set(one[1])


def test_variants_of_a_name_are_of_its_group(one):
    """What stands in brackets, and years, tell variants of one currency apart; nothing else does."""
    found = one[1]
    assert found["afghanischer afghani"][1] == found["afghanische afghani (1927–2002)"][1] or (
        found["afghani (1927–2002)"][1] == found["afghanische afghani (1927–2002)"][1]
    )
    assert phrases._without_asides("hindi (latinsk)") == "hindi"
    assert phrases._without_asides("1999") == "1999"
