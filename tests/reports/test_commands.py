"""The verbs of the reports on the command line."""

import json
import subprocess
import sys

import pytest

from dl.cli.main import run as dl

OVERFIT = {
    "sharpness": [0.5, 0.8, 1.0, 1.3, 1.6, 2.0, 2.4, 2.8],
    "signal": [3.5] * 8,
    "probe_signal": [3.5, 3.7, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5],
}
HEALTHY = {"signal": [2.0, 3.0, *[3.5] * 6], "probe_signal": [2.1, 3.1, *[3.8] * 6]}


def test_a_report_as_json(simulated, capsys):
    run = simulated(**HEALTHY)
    assert dl(["report", str(run.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == 2


def test_fail_on_issue_gates_on_overfitting(simulated, capsys):
    overfit, healthy = simulated(**OVERFIT), simulated(**HEALTHY)
    assert dl(["report", str(overfit.path), "--json", "--fail-on", "issue"]) == 1
    assert dl(["report", str(healthy.path), "--json", "--fail-on", "issue"]) == 0
    silenced = ["--ignore", "fit-overfit-loss", "--ignore", "fit-overfit-metric"]
    assert dl(["report", str(overfit.path), "--json", "--fail-on", "issue", *silenced]) == 0
    assert dl(["report", str(overfit.path), "--json", "--fail-on", "tip", *silenced]) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["report", "nowhere"], "no run 'nowhere'"),
        (["report", "{run}", "--fail-on", "isue"], "expected issue or tip"),
        (["report", "{run}", "--ignore", "fit-gab"], "did you mean 'fit-gap'"),
        (["report", "{run}", "--json", "--md"], "choose one"),
        (["explain", "fit-gab"], "did you mean 'fit-gap'"),
        (["compare", "{run}", "nowhere"], "no run 'nowhere'"),
    ],
)
def test_a_mistake_is_one_line(simulated, capsys, words, says):
    run = str(simulated(signal=[3.0]).path)
    assert dl([word.replace("{run}", run) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and says in captured.err
    assert (captured.out == "") == ("--json" not in words)  # else the line is in a document as well


def test_markdown_goes_to_the_screen_and_a_page_to_a_file(simulated, capsys, tmp_path):
    run = str(simulated(**HEALTHY).path)
    assert dl(["report", run, "--md"]) == 0
    assert "o overfitting is established" in capsys.readouterr().out
    page = tmp_path / "report.html"
    assert dl(["report", run, "--html", str(page)]) == 0
    assert capsys.readouterr().out == "" and "<html" in page.read_text()


def test_watching_a_finished_run_reports_it_at_once(simulated, capsys):
    assert dl(["report", str(simulated(**HEALTHY).path), "--watch", "--md"]) == 0
    assert "o overfitting is established" in capsys.readouterr().out


def test_the_report_names_the_other_remedies_beside_the_first(simulated, capsys):
    run = simulated(**OVERFIT)
    assert dl(["report", str(run.path), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["next"][0]
    assert "--reg l2=0.0001" in first["instead"] and len(first["instead"]) >= 3
    assert dl(["report", str(run.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.strip().startswith(f"or {first['instead'][0]}, ") for line in lines)
    assert all(len(line) <= 80 for line in lines[lines.index("next") :])


UNREAD = ("torch", "lightning", "numpy.ma.core", "dl.data.examples", "dl.splits.partition", "dl.tables.memory")


def test_a_report_imports_nothing_that_reads_data_or_makes_a_fit(simulated):
    run = simulated(**OVERFIT)
    code = (
        "import sys; from dl import lazy; lazy.defer(); from dl.cli.main import run; run(sys.argv[1:]); "
        f"print(*({set(UNREAD)} & set(sys.modules)), file=sys.stderr)"
    )
    words = [sys.executable, "-c", code, "report", str(run.path)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    assert "overfit" in done.stdout and done.stderr == "\n"


HEAVY = ("torch", "numpy", "scipy", "jinja2", "markupsafe", "msgspec", "PIL")


def test_help_and_explain_import_nothing_heavy():
    code = (
        f"import sys; from dl.cli.main import run; run(sys.argv[1:]); sys.exit(bool({set(HEAVY)} & set(sys.modules)))"
    )
    for words in (["--help"], ["ls"], ["explain"], ["report", "--help"]):
        subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True)
