"""A verb of dl is run in this process: its code and its two streams, and nothing else of the process changes."""

import os
import sys

import dl
from dl.finding import Finding
from dl.testing import Answer


def test_a_run_leaves_the_process_as_it_was(dl_run):
    before, streams = dict(os.environ), (sys.stdout, sys.stderr)
    assert dl_run("ls", "datasets").out.startswith("datasets")
    assert dict(os.environ) == before and (sys.stdout, sys.stderr) == streams


def test_an_answer_is_the_code_and_both_streams(dl_run, capsys):
    answer = dl_run("--version")
    assert (answer.code, answer.out, answer.err) == (0, f"dl {dl.__version__}\n", "")
    wrong = dl_run("nosuch")
    assert (wrong.code, wrong.out) == (2, "") and wrong.err.startswith("dl: ")
    assert capsys.readouterr() == ("", "")


def test_a_result_that_is_json_is_read(dl_run):
    assert ("vision", "mnist") in {(one["domain"], one["name"]) for one in dl_run("ls", "datasets", "--json").json}


def test_findings_are_read_whatever_else_a_report_tells_of_them():
    out = '{"findings": [{"code": "fit-gap", "severity": "tip", "message": "m", "evidence": {"n": 1}, "group": "x"}]}'
    assert Answer(0, out, "").findings == (Finding("fit-gap", "tip", "m", {"n": 1}),)


def test_warnings_are_those_of_a_program_and_no_errors(dl_run, site):
    site.add("warns", "import warnings\nwarnings.warn('for its author', DeprecationWarning)\nraise ValueError('no')")
    answer = dl_run("ls", "datasets")
    assert answer.code == 0 and "for its author" not in answer.err and "plugin 'warns'" in answer.err
