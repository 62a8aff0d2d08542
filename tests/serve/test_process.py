"""Services in processes of their own: a change of run, a kill, and clients in other languages."""

import json
import shutil
import signal
import socket
import subprocess
import threading

import numpy as np
import pytest

import dl

pytestmark = pytest.mark.check
NODE = """
const body = JSON.stringify({ inputs: [Array.from({ length: 8 }, () => Array(8).fill(250))] });
const headers = { "content-type": "application/json" };
fetch(process.argv[1] + "/v1/predict", { method: "POST", headers, body })
  .then((response) => response.json())
  .then((answer) => console.log(answer.predictions[0].answer));
"""


def test_a_new_run_takes_the_place_of_the_last_and_no_request_is_lost(start_service, served_runs, tmp_path):
    runs, table = tmp_path / "runs", served_runs.parent / "sizes.csv"
    shutil.copytree(served_runs, runs)
    found, ended = [], threading.Event()
    with start_service(tmp_path / "log", "last", "--runs", str(runs)) as (client, process):

        def ask():
            while not ended.is_set():
                response = client.post("/v1/predict", json={"rows": [{"size": 1.5}]})
                found.append((response.status_code, response.json()["run"]))

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
        shutil.rmtree(next(runs.glob("0003-*")) / "checkpoints", ignore_errors=True)
        next(runs.glob("0003-*"), runs).joinpath("run.json").write_text("damaged")
        process.send_signal(signal.SIGHUP)
        assert "0002-" in process.stdout.readline()  # the newest that can be loaded
        assert client.get("/readyz").status_code == 200
    assert {status for status, _ in found} == {200}
    assert {run[:4] for _, run in found} >= {"0002"}


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
