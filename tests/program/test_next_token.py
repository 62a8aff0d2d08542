"""The task next-token through the whole road: what is reported, tested, shown and gone on with, and what is refused."""

import io
import json

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import dl
from dl.cli.main import command_line
from dl.errors import BadData, BadFile, BadOption, UnknownName
from dl.inference.predict import UnseenValues
from dl.plugins.loading import load_plugins
from dl.training.devices import Devices
from dl_reports import remedy
from dl_reports.as_json import to_json
from dl_reports.build import build_report
from dl_reports.checks.learning import common_error_z
from dl_reports.facts import Facts
from dl_reports.read import read
from dl_reports.render.html import to_html
from dl_reports.render.markdown import to_markdown
from dl_reports.render.terminal import print_report
from dl_reports.statistics import NotComputable

NOUNS, OTHERS = (
    ["cat", "mat", "dog", "house", "river"],
    ["the", "a", "sat", "on", "saw", "far", "away", "by", "red", "old"],
)
CPU = Devices("cpu", "1")
SMALL = {"units": 32, "embedding": 16, "window": 40, "batch_size": 8, "lr": 0.02, "probe": 50}


def story(n, seed=0):
    rng = np.random.default_rng(seed)
    return "".join(f"{' '.join(rng.choice(NOUNS + OTHERS, 6))}.\n" for _ in range(n))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a text, a folder of texts with a test set, and a table; the fits of this module lie in it."""
    root = tmp_path_factory.mktemp("texts")
    (root / "book.txt").write_text(story(700))
    for part, count in (("train", 25), ("test", 22)):
        for number in range(count):
            place = root / "mail" / part / str(number % 2)
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}.txt").write_text(story(6, seed=number + 1000 * (part == "test")))
    rows = "".join(f'"{story(4, seed=k).strip()}",{k % 2}\n' for k in range(30))
    (root / "mail.csv").write_text("text,label\n" + rows)
    return root


@pytest.fixture(scope="module")
def run(folder):
    """A fit of the book, without a word about the task."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DL_CACHE", str(folder / "cache"))
        return dl.fit("text", str(folder / "book.txt"), runs=folder / "runs", devices=CPU, epochs=8, **SMALL)


def test_a_text_file_needs_no_word_about_its_task(run):
    task = run.manifest.task
    assert task.name == "next-token" and task.headline.name == "bits_per_character" and not task.headline.higher
    assert run.recipe.model == "lstm" and run.recipe.data_options["tokens"] == "chars"
    assert run.manifest.parts.rule.startswith("newest 9.9")


def test_it_beats_unigram_and_bigram_and_keeps_the_three_numbers(run):
    unigram, bigram = run.manifest.baselines
    assert (unigram.name, bigram.name) == ("unigram", "bigram") and unigram.score > bigram.score > 1
    assert run.best["val_bits_per_character"] < bigram.score
    assert run.best["val_perplexity"] == pytest.approx(2 ** run.best["val_bits_per_character"], rel=1e-4)  # characters
    assert 0.2 < run.best["val_token_accuracy"] < 1


def test_the_scores_of_single_rows_are_the_metric(run):
    val = run.outcomes("val")
    means = val.score.astype(np.float64).mean(axis=1)
    assert means.tolist() == pytest.approx(run.history.column("val_bits_per_character"), rel=1e-3)
    assert val.targets.shape == (len(val.ids), 0)


def test_the_report_speaks_of_bits_and_not_of_classes(run):
    report = build_report(run)
    out = io.StringIO()
    print_report(report, Console(file=out, width=80, color_system=None))
    for shown in (out.getvalue(), to_html(report), to_markdown(report)):
        assert "bits per character" in shown.replace("_", " ") and "each token given the last" in shown
        assert "failed:" not in shown and "accuracy on validation" not in shown
    assert report.confusion is None and report.calibration is None
    assert [rung.name for rung in report.ladder] == ["unigram", "bigram", "lstm"]
    assert all(example.true == "" and example.sketch for example in report.examples)
    codes = {finding.code for finding in report.findings}
    assert not codes & {"data-mislabelled", "data-target-shift", "fit-no-better-than-baseline", "health-lr-too-high"}
    assert max(map(len, out.getvalue().splitlines())) <= 80
    json.loads(to_json(report))


def test_that_no_text_is_told_without_error_is_not_called_underfitting(run):
    excess = common_error_z(Facts(read(run), load_plugins()))
    assert isinstance(excess, NotComputable) and "no text can be predicted without error" in excess.reason


def test_the_commands_that_the_report_offers_mean_the_same_fit(run, meant_by):
    facts = Facts(read(run), load_plugins())
    recipes = [meant_by(command(facts)) for command in (remedy.longer, remedy.slower, remedy.regularize)]
    assert all(meant.task == "next-token" for meant in recipes)
    assert all(meant.model_options == run.recipe.model_options for meant in recipes)


def test_a_prompt_is_gone_on_with_the_same_way_for_the_same_seed(run):
    one, other = (dl.predict(run, texts=["the cat "], tokens=30, seed=seed) for seed in (1, 2))
    assert [one[0].source, len(one[0].answer), one[0].values] == ["the cat ", 30, {}]
    assert dl.predict(run, texts=["the cat "], tokens=30, seed=1) == one != other
    (greedy,) = dl.predict(run, texts=["the cat "], tokens=10, temperature=0)
    assert greedy.answer == dl.predict(run, texts=["the cat "], tokens=20, temperature=0)[0].answer[:10]


def typed(run, *words):
    return CliRunner().invoke(command_line(), ["predict", run.name, "--runs", str(run.path.parent), *words])


def test_the_command_line_prints_the_prompt_and_how_it_goes_on(run):
    answer = dl.predict(run, texts=["the dog"], tokens=25)[0].answer
    plain = typed(run, "--text", "the dog", "--tokens", "25")
    assert plain.exit_code == 0 and plain.stdout == f"the dog{answer}\n"
    answers = json.loads(typed(run, "--text", "the dog", "--tokens", "25", "--json").stdout)
    assert answers == [{"source": "the dog", "answer": answer, "values": {}, "notes": [], "heads": {}}]


def test_unknown_characters_are_left_out_of_a_prompt_and_said(run):
    with pytest.warns(UnseenValues, match=r"^1 of 2 inputs holds what the training set lacks: Ж the dog☃: left out"):
        strange, plain = dl.predict(run, texts=["Ж the dog☃", " the dog"], tokens=20)
    assert strange.source == "Ж the dog☃" and strange.answer == plain.answer
    assert strange.notes == ("left out, as the training set lacks it: 'Ж', '☃'",) and plain.notes == ()


@pytest.mark.parametrize("texts", [[], [""]])
def test_without_a_prompt_the_text_begins_as_a_training_text_does(run, texts):
    with pytest.warns(UnseenValues, match=r"^no prompt was given: the text begins as a training text does$"):
        (answer,) = dl.predict(run, texts=texts, tokens=20)
    assert answer.source == "" and len(answer.answer) == 20 and len(answer.notes) == 1


@pytest.mark.parametrize(
    ("asked", "error", "line"),
    [
        ({"strict": True}, BadData, "--strict needs a prompt to generate text from  example: --text 'Once upon'"),
        ({"texts": ["Ж"], "strict": True}, BadData, "Ж: left out, as the training set lacks it: 'Ж'"),
        ({"texts": ["a\0"]}, BadData, "text 1: byte 2 on line 1 is NUL"),
        ({"texts": ["a"], "tokens": 0}, BadOption, "tokens=0: expected a whole number from 1"),
        ({"texts": ["a"], "temperature": -1.0}, BadOption, "temperature=-1.0: expected 0 or more"),
        ({"texts": ["a"], "temperature": float("nan")}, BadOption, "temperature=nan"),
        ({"texts": ["a"], "seed": -1}, BadOption, "seed=-1"),
    ],
)
def test_a_prompt_that_cannot_be_gone_on_with_is_one_line(run, asked, error, line):
    with pytest.raises(error, match=line.replace("(", r"\(")):
        dl.predict(run, **asked)


def test_a_folder_with_a_test_part_holds_out_whole_texts_and_is_tested(folder):
    given = {**SMALL, "tokens": "bpe", "vocabulary": 300}
    run = dl.fit("text", str(folder / "mail"), task="next-token", runs=folder / "runs", devices=CPU, epochs=1, **given)
    assert "hold-out" in run.manifest.parts.rule and "whole groups" in run.manifest.parts.rule
    look = dl.evaluate(run)
    assert look.metric == "bits_per_character" and look.score.low < look.score.value < look.score.high
    assert look.metrics["perplexity"] > 2**look.score.value  # a token is more than a character


def test_texts_that_all_share_a_passage_can_still_be_split(tmp_path):
    for number in range(40):
        (tmp_path / f"{number}.txt").write_text("-" * 80 + story(3, seed=number))
    run = dl.fit("text", str(tmp_path), task="next-token", runs=tmp_path / "runs", devices=CPU, epochs=1, **SMALL)
    (found,) = (finding for finding in run.guard_findings if finding.code == "data-duplicates-across-split")
    assert found.evidence["leaked"] >= 4  # a window of dashes in each of four texts at least


def test_labels_of_a_table_are_left_behind(folder):
    given = {**SMALL, "width": 8, "layers": 1, "window": 20}
    del given["units"], given["embedding"]
    path = str(folder / "mail.csv")
    given |= {"task": "next-token", "model": "transformer", "epochs": 1}
    run = dl.fit("text", path, runs=folder / "runs", devices=CPU, **given)
    assert run.manifest.task.name == "next-token" and run.recipe.model == "transformer"
    assert run.recipe.data_options["target_as"] == "none"


def test_tokens_that_a_regularizer_hides_are_still_to_be_told(folder):
    given = {**SMALL, "epochs": 2, "reg": {"word-dropout": 0.9}}
    run = dl.fit("text", str(folder / "book.txt"), runs=folder / "runs", devices=CPU, **given)
    assert run.history.column("train_loss")[-1] > 1.5  # nats; that a token is unknown would be told for nearly nothing


def test_a_named_data_set_is_learnt_as_texts(folder):
    few = {**SMALL, "megabytes": 0.01, "units": 4}
    run = dl.fit("text", "rotten-tomatoes", task="next-token", runs=folder / "runs", devices=CPU, epochs=1, **few)
    assert run.manifest.task.name == "next-token" and run.manifest.parts.test


def test_the_card_says_what_a_text_is_before_anything_is_learnt(folder):
    shown = CliRunner().invoke(command_line(), ["show", str(folder / "book.txt")])
    assert shown.exit_code == 0, shown.output
    assert "next-token: no target but the inputs themselves" in " ".join(shown.stdout.split())
    assert "windows of at most" in shown.stdout and "classes" not in shown.stdout


@pytest.mark.parametrize(
    ("name", "content", "choices", "error", "line"),
    [
        ("empty.txt", b"", {}, BadFile, "empty.txt' cannot be read as text: the file is empty"),
        ("short.txt", b"once upon a time", {}, BadData, "short: 1 window of 128 characters is too few"),
        ("latin.txt", b"caf\xe9 " * 900, {}, BadFile, r"byte 4 on line 1 \(0xe9\) is not utf-8; name its encoding"),
        ("binary.txt", b"ab\0cd" * 900, {}, BadFile, "byte 3 on line 1 is NUL: not a text"),
        ("a.txt", b"abc " * 900, {"tokens": "words"}, BadOption, "tokens=words cannot be decoded to the text"),
        (
            "a.txt",
            b"abc " * 900,
            {"model": "bag"},
            BadOption,
            "model 'bag' has no network for the task next-token; .* have one: lstm, transformer",
        ),
        ("a.txt", b"abc " * 900, {"bidirectional": "yes"}, BadOption, "bidirectional=yes would show the network"),
        (
            "a.txt",
            b"abc " * 900,
            {"task": "next-tokn"},
            UnknownName,
            "no task named 'next-tokn'; did you mean 'next-token'",
        ),
        (
            "a.txt",
            b"abc " * 900,
            {"task": "binary"},
            BadData,
            "'.*a.txt' is a file without the suffix of a table .*; expected a folder",
        ),
        ("a.txt", b"abc " * 900, {"target": "label"}, BadOption, "target=label: --task next-token has no"),
        ("a.txt", b"abc " * 900, {"recipe": "fast"}, BadOption, "model 'bag' has no network for the task next-token"),
    ],
)
def test_what_cannot_be_learnt_is_one_line(tmp_path, name, content, choices, error, line):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=line):
        dl.fit("text", str(tmp_path / name), runs=tmp_path / "runs", devices=CPU, epochs=1, **choices)


def test_another_encoding_is_read_where_it_is_named(tmp_path):
    (tmp_path / "latin.txt").write_bytes("café au lait. ".encode("latin-1") * 80)
    choices = {**SMALL, "units": 4, "encoding": "latin-1"}
    run = dl.fit("text", str(tmp_path / "latin.txt"), runs=tmp_path / "runs", devices=CPU, epochs=1, **choices)
    assert dl.predict(run, texts=["é"], tokens=3)[0].answer


def test_pictures_have_no_next_token(tmp_path):
    with pytest.raises(
        BadOption, match="no model of vision has a network for the task next-token; domains that have one: text"
    ):
        dl.fit("vision", "mnist", task="next-token", runs=tmp_path / "runs", devices=CPU)


def test_loose_texts_beside_no_class_folder_are_told_of_the_task(folder, tmp_path):
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose/a.txt").write_text("a")
    with pytest.raises(BadData, match="--task next-token"):
        dl.fit("text", str(tmp_path / "loose"), runs=tmp_path / "runs", devices=CPU)
