"""Usual requests on connections to a service in its process, beside those that the parser of HTTP reads."""

import contextlib
import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dl

pytestmark = pytest.mark.check  # processes of their own
BODY = json.dumps({"inputs": [np.full((8, 8), 250).tolist()]}).encode()
TO_PARSER = "X-Other: 1\r\n"


def request(body=BODY, headers=""):
    head = f"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@contextlib.contextmanager
def connected(service):
    client, _ = service
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=20) as connection:
        yield connection


def answer(connection):
    """The status and the content of the next response."""
    found = b""
    while b"\r\n\r\n" not in found:
        found += connection.recv(1)
    head, _, _ = found.partition(b"\r\n\r\n")
    size = next(int(line[16:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: "))
    body = b""
    while len(body) < size:
        body += connection.recv(size - len(body))
    return int(head[9:12]), json.loads(body)


def test_a_usual_request_is_answered_as_by_the_parser_and_both_follow_each_other(service):
    with connected(service) as connection:
        found = []
        for headers in ("", TO_PARSER, "", "", TO_PARSER, ""):
            connection.sendall(request(headers=headers))
            found.append(answer(connection))
    assert found[0][0] == 200 and found[0][1]["predictions"][0]["answer"] == "light"
    assert all(one == found[0] for one in found)


def test_a_request_in_pieces_gets_the_same_answer(service):
    whole = request()
    with connected(service) as connection:
        connection.sendall(whole)
        expected = answer(connection)
        for cut in (1, 30, whole.index(b"\r\n\r\n") + 2, whole.index(b"\r\n\r\n") + 4, len(whole) - 1):
            connection.sendall(whole[:cut])
            connection.sendall(whole[cut:])
            assert answer(connection) == expected


def test_requests_that_are_sent_at_once_are_answered_in_their_order(service):
    wrong = request(b'{"inputs": 3}')
    with connected(service) as connection:
        connection.sendall(request() + wrong + request() + request(headers=TO_PARSER) + wrong)
        assert [answer(connection)[0] for _ in range(5)] == [200, 400, 200, 200, 400]


def test_a_client_that_has_finished_sending_gets_its_answer(service):
    with connected(service) as connection:
        connection.sendall(request())
        connection.shutdown(socket.SHUT_WR)
        assert answer(connection)[0] == 200
        assert connection.recv(1) == b""


def test_a_usual_request_that_fails_gets_one_line_and_the_connection_stays(service):
    with connected(service) as connection:
        connection.sendall(request(b'{"inputs": ["a"]}'))
        status, content = answer(connection)
        assert (status, "no numbers" in content["error"]) == (400, True)
        connection.sendall(request())
        assert answer(connection)[0] == 200


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs a core of its own")
def test_on_one_core_many_clients_get_the_answers_of_dl_predict(start_service, served_runs, tmp_path):
    images = np.random.default_rng(2).integers(0, 255, (40, 8, 8), dtype=np.uint8)
    expected = [one.values for one in dl.predict(dl.open_run(1, served_runs), images)]
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        with start_service(tmp_path / "log", "images=1", "sizes=2", "--runs", str(served_runs)) as (client, process):

            def ask(at):
                found = client.post("/v1/predict", json={"inputs": images[at : at + 2].tolist()}).json()
                return [one["values"] for one in found["predictions"]]

            with ThreadPoolExecutor(8) as pool:
                found = [values for pair in pool.map(ask, range(0, 40, 2)) for values in pair]
            table = client.post("/v1/runs/sizes/predict", content="size\n0.5\n", headers={"content-type": "text/csv"})
            counted = client.get("/metrics").text
            process.terminate()
            assert process.wait(20) == 0
    finally:
        os.sched_setaffinity(0, cores)
    assert table.json()["predictions"][0]["answer"] == "0"
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-6)
    assert 'dl_serve_inputs_total{run="images"} 40' in counted and "dl_serve_waiting_requests 0" in counted
