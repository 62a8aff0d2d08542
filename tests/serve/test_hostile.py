"""A service in its process, under requests that mean it harm, and with clients that are slow or go away."""

import socket
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import numpy as np
import pytest

from benchmarks.hostile import attack, fault_of, kinds, slow

pytestmark = pytest.mark.check


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
    sizes = [[number / 10] for number in range(120)]
    alone = [client.post("/v1/runs/sizes/predict", json={"inputs": [size]}).json() for size in sizes]

    def ask(size):
        return httpx2.post(f"{client.base_url}/v1/runs/sizes/predict", json={"inputs": [size]}).json()

    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(ask, sizes))
    for one, other in zip(alone, together, strict=True):
        assert one["predictions"][0]["values"] == pytest.approx(other["predictions"][0]["values"], abs=1e-6)
