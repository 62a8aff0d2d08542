"""A service in its process, asked by a real client: what it answers, what it refuses, and how it ends."""

import io
import json
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dl
from benchmarks.hostile import attack, fault_of, kinds, slow
from dl_serve.server import listen

pytestmark = pytest.mark.check  # processes of their own
NODE = """
const body = JSON.stringify({ inputs: [Array.from({ length: 8 }, () => Array(8).fill(250))] });
const headers = { "content-type": "application/json" };
fetch(process.argv[1] + "/v1/predict", { method: "POST", headers, body })
  .then((response) => response.json())
  .then((answer) => console.log(answer.predictions[0].answer));
"""


def png(value=250, size=(8, 8)):
    stream = io.BytesIO()
    Image.fromarray(np.full(size, value, np.uint8)).save(stream, "png")
    return stream.getvalue()


def bomb():
    """An image of a few bytes whose header states 50,000 x 50,000 pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I4sI", 0, b"IDAT", zlib.crc32(b"IDAT"))


def test_numbers_and_files_of_an_image_get_the_same_answer(service):
    client, _ = service
    light = np.full((8, 8), 250).tolist()
    by_numbers = client.post("/v1/predict", json={"inputs": [light]}).json()
    by_form = client.post("/v1/predict", files={"file": ("a.png", png())}).json()
    by_body = client.post("/v1/predict", content=png(), headers={"content-type": "image/png"}).json()
    assert by_form["predictions"][0]["source"] == "a.png"
    values = by_numbers["predictions"][0]["values"]
    assert set(values) == {"dark", "light"}
    for other in (by_form, by_body):
        assert other["predictions"][0]["values"] == pytest.approx(values, abs=1e-5)


def test_a_table_and_rows_of_json_get_the_same_answers(service):
    client, _ = service
    rows = [{"size": 0.5}, {"size": 10.5}]
    by_rows = client.post("/v1/runs/sizes/predict", json={"rows": rows}).json()["predictions"]
    content, headers = "size\n0.5\n10.5\n", {"content-type": "text/csv"}
    by_table = client.post("/v1/runs/sizes/predict", content=content, headers=headers).json()["predictions"]
    assert len(by_rows) == 2
    assert [one["values"] for one in by_rows] == [one["values"] for one in by_table]


@pytest.mark.parametrize(
    ("path", "kind", "content", "status", "words"),
    [
        ("predict", "application/json", b'{"inputs": ["a"]}', 400, "no numbers"),
        ("predict", "application/json", b'{"inputs": 3}', 400, "Expected `array"),
        ("predict", "application/json", b"[" * 50_000, 400, "no JSON"),
        ("predict", "application/json", b'{"texts": ["a"]}', 400, "reads no texts"),
        ("predict", "image/png", b"none", 415, "'image.png'"),
        ("predict", "image/png", bomb(), 413, "10,000 pixels"),
        ("predict", "text/csv", b"path\n/etc/passwd\n", 400, "send files along"),
        ("predict", "application/x-python", b"1", 415, "is not read"),
        ("predict", "image/png", b"0" * 200_000, 413, "100,000 bytes"),
        ("runs/sizes/predict", "text/csv", b"size\n" + b"1\n" * 51, 413, "50 inputs"),
        ("runs/sizes/predict", "text/csv", b"weight\n1\n", 400, "size"),
        ("runs/other/predict", "text/csv", b"size\n1\n", 404, "GET /v1/runs"),
    ],
)
def test_a_bad_request_is_refused_in_one_line_without_a_place_of_the_server(
    service, path, kind, content, status, words
):
    client, _ = service
    response = client.post(f"/v1/{path}", content=content, headers={"content-type": kind})
    line = response.json()["error"]
    assert (response.status_code, words in line, "\n" in line, "dl-serve-" in line) == (status, True, False, False), (
        line
    )


def test_a_slow_sender_is_sent_away(service):
    client, _ = service
    with socket.create_connection((client.base_url.host, client.base_url.port)) as slow:
        slow.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n[")
        assert slow.recv(1000).startswith(b"HTTP/1.1 408")


def test_the_state_the_counters_and_the_description_are_there(service):
    client, _ = service
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}
    runs = client.get("/v1/runs").json()["runs"]
    assert [one["name"] for one in runs] == ["images", "sizes"]
    assert all(one["verdict"] for one in runs)
    assert 'dl_serve_run_info{run="images"' in client.get("/metrics").text
    assert "/v1/runs/{name}/predict" in client.get("/openapi.json").json()["paths"]
    assert client.get("/v1/runs", headers={"host": "elsewhere.org"}).status_code == 421


def test_every_hostile_request_gets_one_line_or_a_closed_connection_and_the_service_lives(service, service_log):
    client, process = service
    address = client.base_url.host, client.base_url.port
    before = client.post("/v1/predict", json={"inputs": [np.full((8, 8), 250).tolist()]}).json()
    faults = {}

    def send(one):
        response = attack(address, one)
        if fault := fault_of(response):
            faults[one.name] = fault

    senders = [threading.Thread(target=send, args=(one,)) for one in slow(0.1)]  # beside the others
    for sender in senders:
        sender.start()
    for one in kinds():
        send(one)
    for sender in senders:
        sender.join()
    assert faults == {}
    assert process.poll() is None
    after = client.post("/v1/predict", json={"inputs": [np.full((8, 8), 250).tolist()]}).json()
    assert after == before
    assert service_log.read_text() == ""
    assert not list(Path(tempfile.gettempdir()).glob("dl-serve-*"))
    assert 'status="500"' not in client.get("/metrics").text


def test_more_connections_than_are_allowed_are_closed_and_the_next_request_is_answered(service):
    client, _ = service
    address = client.base_url.host, client.base_url.port
    with ExitStack() as stack:
        every = [stack.enter_context(socket.create_connection(address)) for _ in range(600)]
        every[-1].settimeout(10)
        with suppress(ConnectionError):
            assert every[-1].recv(1) == b""
    assert client.get("/healthz").status_code == 200


def test_many_clients_at_once_get_each_its_own_answer(service):
    client, _ = service
    sizes = [number / 5 for number in range(60)]
    alone = [client.post("/v1/runs/sizes/predict", json={"rows": [{"size": size}]}).json() for size in sizes]

    def ask(size):
        return client.post("/v1/runs/sizes/predict", json={"rows": [{"size": size}]}).json()

    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(ask, sizes))
    for one, other in zip(alone, together, strict=True):
        assert one["predictions"][0]["values"] == pytest.approx(other["predictions"][0]["values"], abs=1e-6)


def test_a_new_run_takes_the_place_of_the_last_and_no_request_is_lost(start_service, served_runs, tmp_path):
    runs, table = tmp_path / "runs", served_runs.parent / "sizes.csv"
    shutil.copytree(served_runs, runs)
    found, ended = [], threading.Event()
    with start_service(tmp_path / "log", "last", "--runs", str(runs)) as (client, process):

        def ask():
            while not ended.is_set():
                response = client.post("/v1/predict", json={"rows": [{"size": 1.5}]})
                found.append((response.status_code, response.json()))

        askers = [threading.Thread(target=ask) for _ in range(3)]
        for asker in askers:
            asker.start()
        dl.fit("tabular", str(table), target="label", task="multiclass", epochs=2, runs=runs)
        process.send_signal(signal.SIGHUP)
        assert process.stdout.readline().startswith("last: 0003-")
        ended.set()
        for asker in askers:
            asker.join()
        assert client.post("/v1/predict", json={"rows": [{"size": 1.5}]}).json()["run"].startswith("0003-")
        assert 'dl_serve_run_changes_total{run="last"} 1' in client.get("/metrics").text
        next(runs.glob("0003-*")).joinpath("run.json").write_text("damaged")
        process.send_signal(signal.SIGHUP)
        assert process.stdout.readline().startswith("last stays as it was")
        assert client.post("/v1/predict", json={"rows": [{"size": 1.5}]}).json()["run"].startswith("0003-")
    assert {status for status, _ in found} == {200}
    assert {answer["run"][:4] for _, answer in found} <= {"0002", "0003"}


def test_a_kill_in_mid_request_leaves_the_runs_as_they_were_and_the_next_service_starts(
    start_service, served_runs, tmp_path
):
    before = {path: path.stat().st_mtime_ns for path in served_runs.rglob("*")}
    for _ in range(2):
        with start_service(tmp_path / "log", "images=1", "--runs", str(served_runs)) as (client, process):
            assert client.get("/readyz").status_code == 200
            with socket.create_connection((client.base_url.host, client.base_url.port)) as sender:
                sender.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n[")
                process.kill()
                assert process.wait(20) == -signal.SIGKILL
    assert {path: path.stat().st_mtime_ns for path in served_runs.rglob("*")} == before


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_a_client_in_another_language_gets_the_answer(service):
    client, _ = service
    done = subprocess.run(["node", "-e", NODE, str(client.base_url)], capture_output=True, text=True, check=True)
    assert done.stdout == "light\n"


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl_sends_arrays_tables_and_forms(service, tmp_path):
    client, _ = service
    np.save(tmp_path / "images.npy", np.full((2, 8, 8), 250, np.uint8))
    (tmp_path / "rows.csv").write_text("size\n0.5\n10.5\n")

    def curl(*words):
        done = subprocess.run(["curl", "-sS", *words], cwd=tmp_path, capture_output=True, text=True, check=True)
        return [one["answer"] for one in json.loads(done.stdout)["predictions"]]

    binary = ("--data-binary", "@images.npy", "-H", "Content-Type: application/x-npy")
    assert curl(f"{client.base_url}/v1/predict", *binary) == ["light", "light"]
    table = ("--data-binary", "@rows.csv", "-H", "Content-Type: text/csv")
    assert curl(f"{client.base_url}/v1/runs/sizes/predict", *table) == ["0", "1"]
    assert curl(f"{client.base_url}/v1/runs/sizes/predict", "-F", "file=@rows.csv") == ["0", "1"]


def test_the_end_waits_for_the_request_in_work_and_exits_with_0(start_service, served_runs, tmp_path):
    answers = []
    body = b'{"inputs": [[' + b",".join([b"[" + b",".join([b"9"] * 8) + b"]"] * 8) + b"]]}"
    head = (
        f"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )

    started = start_service(tmp_path / "log", "images=1", "--runs", str(served_runs))
    with started as (client, process), socket.create_connection((client.base_url.host, client.base_url.port)) as sender:
        sender.sendall(head.encode() + b"\r\n\r\n" + body[:20])
        reader = threading.Thread(target=lambda: answers.append(sender.recv(100)))
        reader.start()
        time.sleep(0.2)  # its headers are read
        process.send_signal(signal.SIGTERM)
        sender.sendall(body[20:])
        reader.join(20)
        assert process.wait(20) == 0
    assert answers[0].startswith(b"HTTP/1.1 200")


def test_answers_are_sent_at_once():
    with listen("127.0.0.1", 0) as opened, socket.create_connection(opened.getsockname()[:2]):
        accepted, _ = opened.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
