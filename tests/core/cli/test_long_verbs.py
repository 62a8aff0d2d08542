"""What long verbs share: the flags that are added to them, and how an end is told, to a real server."""

import inspect
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import typer

from dl.cli.flags import Runs
from dl.cli.long_verbs import End, check_address, detachable, ending, long_verb, of_run, post, told
from dl.errors import BadOption, ProcessLost, TrainingFailed
from dl.launch import RANKS, WATCHED


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


def test_the_end_is_told_with_its_verdict_and_a_failure_to_tell_it_is_one_warning(fit, blobs, server, capsys):
    run = fit(blobs(), epochs=1)
    end = of_run(run, 0, lambda: "It overfits.")
    assert ending(lambda: end, "fit", server.address, bell=True) == 0
    (posted,) = server.posted
    assert posted == told(end, "fit", posted["seconds"])
    assert (posted["verb"], posted["run"], posted["status"], posted["metric"]) == (
        "fit",
        run.name,
        "finished",
        "accuracy",
    )
    assert posted["score"] == pytest.approx(run.best["val_accuracy"]) and posted["verdict"] == "It overfits."
    assert capsys.readouterr().err == "\a"
    ending(lambda: end, "fit", f"{server.address}/refused", bell=False)
    assert (
        capsys.readouterr().err == f"dl: --notify: {server.address}/refused was not told: HTTP Error 403: Forbidden\n"
    )
    assert "refused" in post("http://127.0.0.1:9", {})


@pytest.mark.parametrize(
    ("error", "status", "verdict"),
    [
        (TrainingFailed("the loss is no number"), "failed", "the loss is no number"),
        (ZeroDivisionError("by zero"), "failed", "ZeroDivisionError: by zero"),
        (KeyboardInterrupt(), "interrupted", "stopped by a signal"),
    ],
)
def test_an_error_is_told_and_raised(error, status, verdict, server, capsys):
    def fail():
        raise error

    with pytest.raises(type(error)):
        ending(fail, "tune", server.address, bell=True)
    (posted,) = server.posted
    assert (posted["verb"], posted["status"], posted["verdict"]) == ("tune", status, verdict)
    assert capsys.readouterr().err == "\a"


def test_of_several_processes_one_tells_the_end(server, monkeypatch, capsys):
    def lose():
        raise ProcessLost("another process has ended")

    monkeypatch.setenv(WATCHED, "1")
    with pytest.raises(ProcessLost):
        ending(lose, "fit", server.address, bell=True)
    for name in RANKS:
        monkeypatch.setenv(name, "1")
        with pytest.raises(ProcessLost):
            ending(lose, "fit", server.address, bell=True)
        monkeypatch.delenv(name)
    assert ending(lambda: End(0), "fit", server.address, bell=True) == 0
    assert server.posted == [] and capsys.readouterr().err == ""


@pytest.mark.parametrize("url", ["example.org", "file:///etc/passwd", "http://", "http://[::1"])
def test_an_address_that_is_no_web_address_is_refused_before_the_work(url):
    check_address("")
    check_address("https://example.org/hook")
    with pytest.raises(BadOption, match="is no web address  example: --notify https"):
        check_address(url)


def test_flags_stand_before_the_folder_of_runs_and_the_verb_does_not_see_them():
    def verb(data: str = "", runs: Runs = "runs") -> End:
        return End(3, data)

    for made, flags in ((long_verb, ["notify", "bell"]), (detachable, ["detach", "notify", "bell"])):
        command = made(verb)
        assert list(inspect.signature(command).parameters) == ["context", "data", *flags, "runs"]
        app = typer.Typer()
        app.command()(command)
        assert app(["--bell", "--data", "wine"], standalone_mode=False) == 3
