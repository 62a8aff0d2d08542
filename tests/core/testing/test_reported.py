"""A check or a section is asked through a real report of copies of known fits, and its answers are noted."""

import pytest

from dl.finding import Finding
from dl.plugins.loading import load_plugins
from dl.specs import CheckSpec, SectionSpec
from dl.testing.fits import FITS, content, kept_runs
from dl.testing.reported import Reported, answers, leaves, loads, repeats
from dl.testing.rules import Broken, Skipped


@pytest.fixture
def asked(numbers, tmp_path_factory):
    """A function that makes a check of a function of facts, to be asked about: asked(lambda facts: [])."""

    def make(function, load=None, kind=CheckSpec):
        folder = tmp_path_factory.mktemp("asked")
        if kind is SectionSpec:
            return Reported(SectionSpec("mine", lambda: function), numbers, folder)
        return Reported(CheckSpec("made-slow", "of a test", load or (lambda: function), lambda: ""), numbers, folder)

    return make


def slow(facts):
    return [Finding("made-slow", "tip", f"{len(facts.kept.rows)} epochs were slow")]


def test_each_fit_is_asked_about_in_a_copy_of_its_run(asked):
    subject = asked(slow)
    assert set(subject.answers) == set(FITS)
    assert subject.answers["is short"] == [Finding("made-slow", "tip", "1 epochs were slow")]
    assert all(run.path.parent == subject.folder for run in subject.runs.values())
    assert "1 epochs were slow" in subject.reports["is short"] and subject.printed["is short"] == ""


def test_what_a_section_prints_beside_its_lines_is_kept_apart(asked):
    def noisy(facts):
        print("beside")
        return iter(["within"])

    subject = asked(noisy, kind=SectionSpec)
    assert subject.answers["is clean"] == ["within"]
    assert "within" in subject.reports["is clean"] and subject.printed["is clean"] == "beside\n"


@pytest.mark.filterwarnings("ignore::dl.plugins.states.PluginWarning")  # the report says it, too
def test_an_answer_that_is_none_or_an_error_breaks_the_rule(asked):
    rule = answers("findings", lambda count: f"{count} found", "nothing was found")
    assert rule(asked(lambda facts: [])) == "nothing was found"
    for function, message in (
        (lambda facts: None, "on a fit that overfits it returns None, not findings"),
        (lambda facts: "slow", "it returns 'slow', not findings"),
        (lambda facts: 1 / 0, "it fails: ZeroDivisionError"),
    ):
        with pytest.raises(Broken, match=message):
            rule(asked(function))


def test_what_is_no_function_is_not_loaded(asked):
    loads(asked(slow))
    with pytest.raises(Broken, match="load returned 7, not a function of facts"):
        loads(asked(None, load=lambda: 7))


def test_an_answer_that_changes_is_not_repeated(asked):
    repeats(asked(slow))
    counted = iter(range(100))
    with pytest.raises(Broken, match="it returns another result the second time"):
        repeats(asked(lambda facts: [Finding("made-slow", "tip", f"time {next(counted)}")]))


def test_a_file_that_is_written_into_a_run_is_noticed_and_the_known_fits_stay_as_they_are(asked):
    before = {name: content(run.path) for name, run in kept_runs().items()}
    leaves(asked(slow))
    with pytest.raises(Broken, match="it changes the folder of a run that overfits"):
        leaves(asked(lambda facts: (facts.kept.run.path / "mine.txt").write_text("was here") and []))
    assert {name: content(run.path) for name, run in kept_runs().items()} == before


def test_without_reports_nothing_can_be_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("DL_PLUGINS", "-reports")
    subject = Reported(SectionSpec("mine", lambda: slow), load_plugins(), tmp_path)
    with pytest.raises(Skipped, match="no installed plugin renders a report; install dl-workbench-reports"):
        subject.answers  # noqa: B018 - asking is the check
