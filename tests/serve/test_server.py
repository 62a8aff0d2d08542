"""A service in its process, asked by a real client: what it answers, what it refuses, and how it ends."""

import io
import signal
import socket
import struct
import threading
import time
import zlib

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.check  # a process of its own


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


def test_the_end_waits_for_the_request_in_work_and_exits_with_0(service):
    client, process = service
    answers = []
    body = b'{"inputs": [[' + b",".join([b"[" + b",".join([b"9"] * 8) + b"]"] * 8) + b"]]}"
    head = (
        f"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )

    with socket.create_connection((client.base_url.host, client.base_url.port)) as sender:
        sender.sendall(head.encode() + b"\r\n\r\n" + body[:20])
        reader = threading.Thread(target=lambda: answers.append(sender.recv(100)))
        reader.start()
        time.sleep(0.2)  # its headers are read
        process.send_signal(signal.SIGTERM)
        sender.sendall(body[20:])
        reader.join(20)
    assert answers[0].startswith(b"HTTP/1.1 200")
    assert process.wait(20) == 0
