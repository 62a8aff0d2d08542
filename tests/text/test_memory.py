"""Texts in memory: strings, paths and frames, and what is refused."""

import datasets
import pandas as pd
import pytest

import dl
from dl.data.memory import take
from dl.data.ragged import as_text
from dl.errors import BadData
from dl_text.memory import from_memory
from dl_words.phrases import load

OPTIONS = {"encoding": "utf-8", "input": ""}


def read(data, **options):
    return [as_text(row) for row in from_memory(take(data), {**OPTIONS, **options}, None).train.inputs]


def test_strings_paths_and_frames_hold_the_same_texts(tmp_path):
    texts = ["a film to remember", "two hours of my life"]
    paths = [tmp_path / f"{number}.txt" for number in range(2)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    frame = pd.DataFrame({"body": texts, "short": ["a", "b"]})
    assert all(read(data) == texts for data in (texts, paths, frame, datasets.Dataset.from_pandas(frame)))
    assert read(frame, input="short") == ["a", "b"]


def test_a_text_that_stands_twice_is_two_examples():
    ids = from_memory(take(["one", "one"]), OPTIONS, None).train.ids
    assert len(set(ids.tolist())) == 2


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ([1, 2], "text reads strings, paths or a frame; an array of int64 (2,) was given"),
        (["a", " "], "text 2: it holds only white space"),
    ],
)
def test_what_are_no_texts_is_refused_in_one_line(data, line):
    with pytest.raises(BadData) as refused:
        read(data)
    assert str(refused.value).startswith(line)


@pytest.fixture(scope="module")
def phrases():
    """Phrases in two languages, as strings, and the language of each."""
    train = load("phrase-language").train
    chosen = [k for k, number in enumerate(train.targets) if train.names[number] in ("Dutch", "Italian")][:600]
    return [as_text(train.inputs.row(k)) for k in chosen], [train.names[train.targets[k]] for k in chosen]


def test_a_run_on_strings_answers_strings(phrases, tmp_path):
    texts, languages = phrases
    run = dl.fit("text", (texts[:500], languages[:500]), test=(texts[500:], languages[500:]), runs=tmp_path / "runs")
    assert set(run.manifest.task.names) == set(languages) and dl.evaluate(run).score.value > 0.6
    answers = dl.predict(run, texts[:3])
    assert [one.source for one in answers] == [text[:40] for text in texts[:3]]
    assert [one.answer for one in answers] == [one.answer for one in dl.load(run).predict(texts[:3])]
    assert dl.predict(run, texts[0])[0].answer == answers[0].answer


def test_of_a_run_on_texts_a_string_that_is_written_as_a_path_is_one(phrases, tmp_path):
    texts, languages = phrases
    run = dl.fit(
        "text", pd.DataFrame({"phrase": texts[:200], "label": languages[:200]}), epochs=1, runs=tmp_path / "runs"
    )
    with pytest.raises(dl.BadFile, match=r"^'phrases.txt' is not there"):
        dl.predict(run, "phrases.txt")
    (tmp_path / "one.txt").write_text(texts[0])
    with pytest.raises(dl.BadData, match=r"^a list of paths and texts: .* is a path; give the texts as texts=$"):
        dl.predict(run, [str(tmp_path / "one.txt"), "two words"])
    assert len(dl.predict(run, pd.DataFrame({"phrase": texts[:3]}))) == 3


def test_texts_alone_are_learnt_for_the_next_token(phrases, tmp_path):
    run = dl.fit(
        "text",
        phrases[0][:400],
        task="next-token",
        epochs=1,
        runs=tmp_path / "runs",
        model="lstm",
        units=8,
        embedding=4,
    )
    assert run.manifest.task.name == "next-token" and dl.predict(run, texts=["the"], tokens=5)[0].answer
