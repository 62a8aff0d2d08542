"""Telling that a fit has ended, and stopping one: to a real server, and on another machine."""

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from dl.cli.detach import check_address, ending, post, tell_end, writer_of
from dl.errors import BadOption, BadRun
from dl.runs.commit import commit
from dl.runs.run import Run


@pytest.fixture
def server():
    """A web server that keeps what is posted to it: server.address, server.posted; /refused answers 403."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            kept = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.posted.append(kept)
            self.send_response(403 if self.path == "/refused" else 204)
            self.end_headers()

        def log_message(self, *given):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as made:
        made.posted, made.address = [], f"http://127.0.0.1:{made.server_port}"
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_the_end_is_told_with_its_verdict_and_a_failure_is_one_warning(fit, blobs, server, capsys):
    run = fit(blobs(), epochs=1)
    tell_end(run, "It overfits.", server.address, bell=True)
    (told,) = server.posted
    assert told == ending(run, "It overfits.")
    assert (told["run"], told["status"], told["metric"]) == (run.name, "finished", "accuracy")
    assert told["score"] == pytest.approx(run.best["val_accuracy"])
    assert capsys.readouterr().err == "\a"
    tell_end(run, "", f"{server.address}/refused", bell=False)
    assert (
        capsys.readouterr().err == f"dl: --notify: {server.address}/refused was not told: HTTP Error 403: Forbidden\n"
    )
    assert "refused" in post("http://127.0.0.1:9", {})


@pytest.mark.parametrize("url", ["example.org", "file:///etc/passwd", "http://", "http://[::1"])
def test_an_address_that_is_no_web_address_is_refused_before_the_fit(url):
    check_address("")
    check_address("https://example.org/hook")
    with pytest.raises(BadOption, match="is no web address  example: --notify https"):
        check_address(url)


def test_a_fit_of_another_machine_is_not_stopped_from_here(fit, blobs):
    run = fit(blobs(), epochs=1)
    with pytest.raises(BadRun, match="0001-given-linear does not run; nothing is stopped  see: dl status 0001"):
        writer_of(run)
    commit(run.path, replace(run.manifest, status="running", pid=77, host="elsewhere"))
    with pytest.raises(BadRun, match="runs on 'elsewhere', as process 77; stop it there: dl stop 0001"):
        writer_of(Run(run.path))
