"""`dl serve` with the convnet of the book on one core: throughput beside the bare network, latency, hostile requests.

Asked for: at least 0.7 of the bare network's throughput at batch 32, a 99th percentile under 50 ms at half load, and
1,000 hostile requests of which none ends the service. The service and the bare network have the same core, the clients
another.
"""

import http.client
import io
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

import dl
from benchmarks.hostile import Hostile, kinds, survive
from benchmarks.measuring import DL, in_turn, publish, ratios

BATCH = 32
CLIENTS = 4
SECONDS = 5.0  # of each measurement
ROUNDS = 5
LOAD_SECONDS = 30.0  # of the measurement of latency
HOSTILE = 1_000
SENDERS = 4
# The first argument is the core. The network is called as a training loop would call it, without anything of dl around.
BARE = """
import sys, time, torch
from dl.inference.load import reopen
from dl.plugins.loading import load_plugins
from dl.runs.run import open_run
opened = reopen(open_run(sys.argv[1], "."), load_plugins())
inputs = torch.rand(int(sys.argv[2]), *opened.preprocessor.input_shape)
torch.set_num_threads(1)
with torch.inference_mode():
    for _ in range(20):
        opened.network(inputs)
    print("ready", flush=True)
    for line in sys.stdin:
        passes, begin = 0, time.perf_counter()
        while time.perf_counter() - begin < float(line):
            opened.network(inputs)
            passes += 1
        print(passes * len(inputs) / (time.perf_counter() - begin), flush=True)
"""
PINNED = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.execv(sys.argv[2], sys.argv[2:])"
Body = tuple[bytes, str]  # content, and its type


@contextmanager
def pinned(core: int, *command: str) -> Iterator[subprocess.Popen[str]]:
    """Start a program on one core with one thread for arithmetic."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    words = [sys.executable, "-c", PINNED, str(core), *command]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def line_of(process: subprocess.Popen[str]) -> str:
    """Return the next line that a program prints."""
    assert process.stdout is not None  # it is a pipe
    return process.stdout.readline().strip()


def bare(process: subprocess.Popen[str], seconds: float) -> float:
    """Return the inputs a second of the bare network."""
    assert process.stdin is not None  # it is a pipe
    process.stdin.write(f"{seconds}\n")
    process.stdin.flush()
    return float(line_of(process))


def processor_seconds(process: subprocess.Popen[str]) -> float:
    """Return the processor time of all threads of a program so far."""
    tasks = Path(f"/proc/{process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


class Measured:
    """Measures inputs a second, and beside them the processor seconds of an input, which other work disturbs less.

    Args:
        process: That computes.
        run: Returns the inputs a second.
    """

    def __init__(self, process: subprocess.Popen[str], run: Callable[[], float]) -> None:
        self.process, self.run = process, run
        self.costs: list[float] = []  # of each round, the warm-up included

    def __call__(self) -> float:
        """Run once."""
        used, begin = processor_seconds(self.process), time.perf_counter()
        rate = self.run()
        inputs = rate * (time.perf_counter() - begin)
        self.costs.append((processor_seconds(self.process) - used) / inputs)
        return rate


def ask(connection: http.client.HTTPConnection, body: Body) -> None:
    """Send a request and read its answer.

    Raises:
        RuntimeError: If it is refused.
    """
    connection.request("POST", "/v1/predict", body[0], {"Content-Type": body[1]})
    response = connection.getresponse()
    content = response.read()
    if response.status != 200:
        raise RuntimeError(content.decode())


def served(address: tuple[str, int], body: Body, seconds: float) -> float:
    """Return the inputs a second that a service answers to clients that ask as soon as they are answered."""
    counts = [0] * CLIENTS
    begin = time.perf_counter()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection(*address)
        while time.perf_counter() - begin < seconds:
            ask(connection, body)
            counts[number] += 1

    _together([threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)])
    return sum(counts) * BATCH / (time.perf_counter() - begin)


def _together(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def latencies(address: tuple[str, int], body: Body, rate: float, seconds: float) -> list[float]:
    """Return the seconds from when each request was due, at random times, to its answer; many may be under way."""
    due = np.cumsum(np.random.default_rng(0).exponential(1 / rate, max(1, int(rate * seconds))))
    taken: list[float] = []
    waiting = iter(due.tolist())
    begin = time.perf_counter()

    def client() -> None:
        connection = http.client.HTTPConnection(*address)
        for at in waiting:
            time.sleep(max(0.0, begin + at - time.perf_counter()))
            ask(connection, body)
            taken.append(time.perf_counter() - begin - at)

    _together([threading.Thread(target=client) for _ in range(4 * CLIENTS)])
    return taken


def bodies(images: np.ndarray) -> dict[str, Body]:
    """Return a batch as an array and as JSON."""
    stream = io.BytesIO()
    np.save(stream, images)
    text = json.dumps({"inputs": images.tolist()}).encode()
    return {"array": (stream.getvalue(), "application/x-npy"), "JSON": (text, "application/json")}


def speed(run: dl.Run, rounds: int, seconds: float, load_seconds: float) -> list[dict[str, object]]:
    """Measure throughput in turn with the bare network, and latency at half of it."""
    images = np.random.default_rng(0).integers(0, 256, (BATCH, 28, 28), dtype=np.uint8)
    every = bodies(images)
    first, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, set(others) or {first})
    try:
        with (
            pinned(first, sys.executable, "-c", BARE, str(run.path), str(BATCH)) as network,
            pinned(first, str(DL), "serve", str(run.path), "--port", "0") as service,
        ):
            line_of(network)
            address = address_of(line_of(service))
            ways = {"bare network": Measured(network, partial(bare, network, seconds))}
            ways |= {name: Measured(service, partial(served, address, body, seconds)) for name, body in every.items()}
            kept = in_turn(ways, rounds)
            rows = []
            for name, share in ratios(kept, "bare network").items():
                each = [value / base for value, base in zip(kept[name], kept["bare network"], strict=True)]
                row: dict[str, object] = {"way": name, "inputs a second": round(float(np.median(kept[name])))}
                costs = zip(ways["bare network"].costs[1:], ways[name].costs[1:], strict=True)
                row |= {"share": round(share, 2), "range": f"{min(each):.2f}-{max(each):.2f}"}
                by_cost = [base / own for base, own in costs]
                spread = f"{np.median(by_cost):.2f} ({min(by_cost):.2f}-{max(by_cost):.2f})"
                row |= {"by processor time": spread}
                row |= {"p50 ms": "", "p99 ms": "", "asked": ""}
                if name in every:
                    rate = float(np.median(kept[name])) / BATCH / 2
                    taken = 1000 * np.quantile(latencies(address, every[name], rate, load_seconds), [0.5, 0.99])
                    asked = "0.7, p99 under 50 ms" if name == "array" else ""
                    row |= {"p50 ms": round(float(taken[0]), 1), "p99 ms": round(float(taken[1]), 1), "asked": asked}
                rows.append(row)
            return rows
    finally:
        os.sched_setaffinity(0, {first, *others})


def address_of(line: str) -> tuple[str, int]:
    """Return host and port of the line that a service prints."""
    host, _, port = line.removeprefix("http://").rpartition(":")
    return host, int(port)


def hostile(run: dl.Run, count: int) -> dict[str, object]:
    """Send hostile requests from several clients, and tell what came of the service."""
    faults: Counter[str] = Counter()
    seeds = itertools.chain.from_iterable(kinds(seed) for seed in itertools.count())
    every: list[Hostile] = list(itertools.islice(seeds, count))
    limits = ("--timeout", "2", "--max-bytes", "100000", "--max-pixels", "10000", "--max-rows", "50")
    command = (str(DL), "serve", f"sizes={run.path}", "--port", "0", *limits)
    with pinned(min(os.sched_getaffinity(0)), *command) as service:
        address = address_of(line_of(service))

        def send(part: list[Hostile]) -> None:
            survive(address, iter(part), lambda one, fault: faults.update([f"{one.name}: {fault}"]))

        _together([threading.Thread(target=send, args=(every[at::SENDERS],)) for at in range(SENDERS)])
        deaths = int(service.poll() is not None)
        connection = http.client.HTTPConnection(*address)
        connection.request("GET", "/readyz")
        ready = connection.getresponse().status == 200
        memory = Path(f"/proc/{service.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    if faults:
        print(*faults, sep="\n")
    return {
        "hostile requests": len(every),
        "deaths": deaths,
        "ready after them": ready,
        "answered wrongly": faults.total(),
        "peak MB": int(memory) // 1024,
        "asked": "0 deaths",
    }


def measure(
    rounds: int = ROUNDS, seconds: float = SECONDS, load_seconds: float = LOAD_SECONDS, count: int = HOSTILE
) -> tuple[list[dict[str, object]], dict[str, object]]:
    """Fit the network, and measure speed and survival."""
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit("vision", "mnist", runs=Path(folder), rivals=False, recipe="book-convnet", epochs=1, val=50_000)
        return speed(run, rounds, seconds, load_seconds), hostile(run, count)


def main() -> None:
    """Print and keep the tables."""
    rows, survived = measure()
    publish("serve", f"dl serve, convnet of the book, one core, {BATCH} images a request", rows)
    publish("serve-hostile", "dl serve under hostile requests", [survived])
