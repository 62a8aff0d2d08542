import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dl_reports.render.markdown import code, text, to_markdown


def test_the_verdict_stands_right_under_the_name(report):
    lines = to_markdown(report).splitlines()
    assert lines[0] == "### 0007-digits-dense"
    assert lines[2].startswith("**It overfits: since epoch 8")


def test_scores_and_findings_are_tables(report):
    shown = to_markdown(report)
    assert "| **dense** | 89.45 % | [88.03, 90.72] |" in shown
    assert "| tip | `fit-gap` | Accuracy is 9.75 points \\[8.30, 11.20\\] better on training examples. |" in shown
    assert "- `dl test 7` evaluate on the test set once" in shown
    assert "against fit-overfit-loss, or `--reg random-shift=2`, `--reg early-stopping=3`, " in shown


def test_a_run_without_an_epoch_has_no_table(empty):
    shown = to_markdown(empty)
    assert "|" not in shown and "No epoch was finished" in shown


def test_a_text_worth_a_look_is_shown_as_text_and_cut(report):
    shown = to_markdown(report)
    assert "Label probably wrong:\n\n- " in shown and f"loss 5.12: {text(report.examples[2].sketch)}" in shown
    long = replace(report, examples=(replace(report.examples[2], sketch="<b>" + "word " * 500 + "\n# head"),))
    line = next(line for line in to_markdown(long).splitlines() if "loss 5.12" in line)
    assert "&lt;b&gt;word word" in line and len(line) < 300 and "# head" not in to_markdown(long)


@pytest.mark.parametrize(
    ("hostile", "safe"),
    [
        ("a|b", "a\\|b"),
        ("[x](javascript:1)", "\\[x\\](javascript:1)"),
        ("<img src=x>", "&lt;img src=x&gt;"),
        ("@someone", "@<!-- -->someone"),
        ("see #12", "see #<!-- -->12"),
        ("https://a.b", "https:&#47;&#47;a.b"),
        ("www.a.b", "www&#46;a.b"),
        ("**bold**", "\\*\\*bold\\*\\*"),
        ("a\nb", "a\\\\nb"),
    ],
)
def test_nothing_in_a_name_is_markdown(hostile, safe):
    assert text(hostile) == safe


def test_a_command_with_ticks_and_pipes_stays_one_command():
    assert code("dl fit a`b|c") == "`` dl fit a`b\\|c ``"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.text(alphabet=st.one_of(st.sampled_from("|`<>[]@#\n\r\u202e\x1b&*"), st.characters()), min_size=1, max_size=40)
)
def test_hostile_names_break_no_row_and_make_no_tag(named, name):
    shown = to_markdown(named(name))
    rows = [line for line in shown.split("\n") if line.startswith("|")]
    cells = [len(re.split(r"(?<!\\)(?:\\\\)*\|", line)) for line in rows if not re.search("`", line)]
    assert all(count == 5 for count in cells)
    assert set(re.findall(r"<[^>]*>", re.sub(r"(`+).*?(?<!`)\1(?!`)", "", shown))) <= {"<br>", "<!-- -->"}
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


def test_the_three_answers_are_rows_with_their_interval(report):
    shown = to_markdown(report)
    for one, interval in zip(report.verdict.answers, ("51.00, 57.00", "8.30, 11.20", "0.21, 0.27"), strict=True):
        assert one.question in shown and interval in shown
