"""What long verbs share: the flags that are added to them, and how an end is told, to a real server."""

import inspect
import json
import re
import socket
import threading
from contextlib import suppress
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


LOOP = b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
ANSWERS = {
    "nothing, for ever": (b"", True, "no answer in 0 s"),
    "a byte, and then nothing": (b"H", True, "no answer in 0 s"),
    "no HTTP": (b"\x00\xff garbage\r\n\r\n", False, "garbage"),
    "a line without end": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, False, "got more than 65536 bytes"),
    "an end at once": (b"", False, "Remote end closed connection without response"),
    "an error": (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", False, "HTTP Error 500: No"),
    "a place that leads to itself": (LOOP, False, "HTTP Error 302: .*infinite loop"),
    "a place on a disk": (LOOP.replace(b"/again", b"file:///etc/passwd"), False, "HTTP Error 302: .*not allowed"),
    "an answer without end": (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\nx", True, "$"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_whatever_an_address_answers_is_one_line_within_a_bound(what, monkeypatch):
    content, stays, words = ANSWERS[what]
    monkeypatch.setattr("dl.background._abandoned", [])
    if words.startswith("no answer"):
        monkeypatch.setattr("dl.cli.long_verbs.AT_MOST", 0.05)
    opened = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            with suppress(OSError):  # it is closed
                while True:
                    opened.append(listening.accept()[0])
                    opened[-1].recv(10_000)
                    opened[-1].sendall(content)
                    if not stays:
                        opened[-1].shutdown(socket.SHUT_WR)

        threading.Thread(target=answer, daemon=True).start()
        why = post(f"http://127.0.0.1:{listening.getsockname()[1]}/", {"score": float("nan")})
        listening.shutdown(socket.SHUT_RDWR)
    for one in opened:
        one.close()
    assert "\n" not in why
    assert re.match(f".*{words}", why) and (why or stays)


def test_an_address_of_another_protocol_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            with listening.accept()[0] as opened:
                opened.recv(10_000)
                opened.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        assert "SSL" in post(f"https://127.0.0.1:{listening.getsockname()[1]}/", {})


ODD = ["http://a b/", "http://a:99999/", "http://a:x/", "http://a:0/", "http://\u00e9.org", "http://a/\n"]


@pytest.mark.parametrize("url", [*ODD, "example.org", "file:///etc/passwd", "http://", "http://[::1"])
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
