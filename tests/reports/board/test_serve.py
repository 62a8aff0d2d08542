"""The server: what it answers, whom it refuses, and that it follows the folder."""

import http.client
import json
import shutil
import threading

import pytest

from dl.errors import CannotWrite
from dl.runs.notes import add_tags
from dl_reports.board.serve import HOST, address_of, make_server


@pytest.fixture
def ask(folder, tmp_path):
    """A function that asks a server of a copy of the folder: ask("/data/runs.json") -> status, text."""
    server = make_server(shutil.copytree(folder, tmp_path / "runs"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()

    def answer(target, method="GET", **headers):
        line = http.client.HTTPConnection(HOST, server.server_address[1], timeout=20)
        line.request(method, target, headers={name.replace("_", "-"): value for name, value in headers.items()})
        given = line.getresponse()
        text = given.read().decode()
        line.close()
        assert given.headers["X-Content-Type-Options"] == "nosniff" or given.status == 501
        return given.status, text

    answer.server, answer.root = server, tmp_path / "runs"
    yield answer
    server.shutdown()
    server.server_close()


def test_it_gives_the_page_the_data_reports_and_comparisons(ask):
    assert "<!doctype html>" in ask("/")[1]
    assert "use strict" in ask("/board.js")[1] and ask("/data/curves.js")[1].startswith("window.dlCurves=")
    board = json.loads(ask("/data/runs.json")[1])
    assert board["live"] and len(board["rows"]) == 7
    made = ask("/reports/0001-mine.html")[1]
    assert "runs/0001-mine</footer>" in made and ask("/reports/0001-mine.html")[1] == made
    pair = json.loads(ask("/compare?a=0001-mine&b=0002-mine")[1])
    assert "not distinguishable" in pair["verdict"] and pair["lines"][0].startswith("  ")
    assert "error" in json.loads(ask("/compare?a=0001-mine&b=0004-broken")[1])
    assert json.loads(ask("/compare?a=x")[1]) == {"error": "there is no such run"}


def test_it_follows_what_changes_and_says_so_briefly_where_nothing_has(ask):
    version = json.loads(ask("/data/runs.json")[1])["version"]
    assert ask(f"/data/runs.json?since={version}")[1] == "null"
    add_tags(ask.root / "0001-mine", ["new"])
    rows = json.loads(ask(f"/data/runs.json?since={version}")[1])["rows"]
    assert rows[0]["tags"] == ["new"]


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "/../../etc/passwd", "/reports/../runs.js", "/reports/%2e%2e/x", "/data/", "//x/y"]
)
def test_it_gives_no_other_file(ask, target):
    assert ask(target)[0] == 404


def test_it_refuses_other_hosts_other_sites_and_other_methods(ask):
    assert ask("/data/runs.js", Host="evil.example")[0] == 403
    assert ask("/data/runs.js", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")[0] == 403
    assert ask("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 200
    assert ask("/", method="POST")[0] == 501 and ask("/", method="HEAD") == (200, "")


def test_a_report_that_cannot_be_made_is_a_line(ask):
    (ask.root / "0001-mine/history.csv").write_text("epoch,val_loss\n")
    status, text = ask("/reports/0001-mine.html")
    assert status == 200 and "history.csv has 0 of the" in text and "<section" not in text


def test_it_listens_on_loopback_alone_and_a_taken_port_is_told(ask, folder):
    assert address_of(ask.server).startswith("http://127.0.0.1:")
    with pytest.raises(CannotWrite, match="cannot be used"):
        make_server(folder, ask.server.server_address[1])
