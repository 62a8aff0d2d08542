"""Requests that a service must survive: bombs, lies about sizes, broken forms and protocols, clients that go away.

Each is the bytes of one connection and how it ends. A service answers with a line and 4xx or 503, or closes the
connection.
"""

import contextlib
import gzip
import io
import json
import re
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

READ, CLOSE, HALF, RESET = "read", "close", "half", "reset"  # how a client goes on once it has sent
LONGEST = 1 << 20  # bytes of a response that are read
PREDICT = "/v1/predict"
PRIVATE = (b"Traceback", b"dl-serve-", b'File \\"')


@dataclass(frozen=True)
class Hostile:
    """A request.

    Args:
        name: Its kind.
        content: What is sent.
        then: ``read`` the answer; ``close`` at once; ``half``: end sending, then read; ``reset``: abort the connection.
        pause: Seconds between bytes; 0 sends all at once.
    """

    name: str
    content: bytes
    then: str = READ
    pause: float = 0.0


def request(body: bytes, kind: str = "application/json", path: str = PREDICT, headers: str = "") -> bytes:
    """Return the bytes of a POST."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{headers}"
    )
    return head.encode("latin-1") + b"Connection: close\r\n\r\n" + body


def attack(address: tuple[str, int], one: Hostile, patience: float = 60.0) -> bytes:
    """Send a request and return what comes back; empty if the connection was closed.

    Raises:
        TimeoutError: If the service neither answers nor closes.
    """
    with socket.create_connection(address, timeout=patience) as connection:
        with contextlib.suppress(ConnectionError):
            _send(connection, one)
            if one.then == RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if one.then in (CLOSE, RESET):
                return b""
            if one.then == HALF:
                connection.shutdown(socket.SHUT_WR)
        return _read(connection)


def _send(connection: socket.socket, one: Hostile) -> None:
    if not one.pause:
        connection.sendall(one.content)
        return
    for at in range(len(one.content)):
        connection.sendall(one.content[at : at + 1])
        time.sleep(one.pause)


def _read(connection: socket.socket) -> bytes:
    found = b""
    with contextlib.suppress(ConnectionError):
        while len(found) < LONGEST and (more := connection.recv(1 << 16)):
            found += more
    return found


def fault_of(response: bytes) -> str:
    """Return what is wrong with a response, or with one behind it; empty if nothing is."""
    if not response:
        return ""
    head, _, rest = response.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        return fault_of(rest)
    stated = re.search(rb"\ncontent-length: (\d+)", head.lower())
    body, behind = (rest[: int(stated[1])], rest[int(stated[1]) :]) if stated else (rest, b"")
    status = head.split(b" ", 2)[1:2]
    if not status or not (status[0].startswith((b"2", b"4")) or status[0] == b"503"):
        return f"answered with {head[:40]!r}"
    if any(words in body for words in PRIVATE):
        return f"tells of itself: {body[:200]!r}"
    if b"\n" in body.strip() and body.startswith(b'{"error"'):
        return "more than one line"
    return fault_of(behind)


def kinds(seed: int = 0) -> Iterator[Hostile]:
    """Yield one request of each kind; a seed draws where bytes are cut and changed."""
    generator = np.random.default_rng(seed)
    for maker in (_images, _arrays, _json, _tables, _forms, _protocol, _leavers, _usual):
        yield from maker(generator)


def slow(pause: float) -> list[Hostile]:
    """Return clients that send a byte at a time: headers, and a body."""
    head = b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 10_000
    return [Hostile("slow headers", head, pause=pause), Hostile("slow body", request(b"[" * 10_000), pause=pause)]


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    """Return an image whose header states a size; with no pixels, or with those given, compressed."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def changed(content: bytes, generator: np.random.Generator) -> bytes:
    """Return bytes of which a tenth are others."""
    values = np.frombuffer(content, np.uint8).copy()
    places = generator.random(len(values)) < 0.1
    values[places] = generator.integers(0, 256, int(places.sum()))
    return values.tobytes()


def _images(generator: np.random.Generator) -> Iterator[Hostile]:
    good = png(8, 8, bytes(8 * 9))
    every = {
        "image of 50,000 x 50,000": png(50_000, 50_000),
        "image of 2^31 - 1": png(2**31 - 1, 2**31 - 1),
        "image of no pixels": png(0, 0),
        "image that ends early": good[: int(generator.integers(1, len(good)))],
        "image with other bytes": changed(good, generator),
        "image of zeros alone": png(99, 99, bytes(1 << 24))[: 1 << 16],
        "gif of 65,535 x 65,535": b"GIF89a" + b"\xff" * 4 + bytes(20),
        "bmp of 2^31 - 1": b"BM"
        + bytes(12)
        + struct.pack("<IiiHHIIiiII", 40, 2**31 - 1, 2**31 - 1, 1, 24, 0, 0, 0, 0, 0, 0),
        "tiff in a ring": b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
        "webp of nothing": b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff",
        "svg with an entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><svg>&b;</svg>',
        "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99999 99999\n",
        "no bytes": b"",
    }
    for name, content in every.items():
        yield Hostile(name, request(content, "image/png"))


def npy(shape: str, dtype: str = "|u1", content: bytes = b"", head: bytes = b"") -> bytes:
    """Return an array in numpy's format whose header states what it likes."""
    head = head or f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\0" + struct.pack("<H", min(len(head), 65_535)) + head + content


def _arrays(generator: np.random.Generator) -> Iterator[Hostile]:
    stream = io.BytesIO()
    np.save(stream, np.zeros((2, 8, 8), np.uint8))
    every = {
        "array of 10^18": npy("(1000000000, 1000000000)"),
        "array of less than none": npy("(-1, -64)", content=bytes(64)),
        "array of objects": npy("(1,)", "|O", b"\x80\x04cos\nsystem\n(S'true'\ntR."),
        "array of texts": npy("(1,)", "<U1000000000"),
        "array of 128 bits": npy("(1, 8, 8)", "<f16", bytes(1024)),
        "array of the other order of bytes": npy("(1, 8, 8)", ">f4", bytes(256)),
        "array of nan": npy("(1, 8, 8)", "<f4", np.full(64, np.nan, np.float32).tobytes()),
        "array of infinity": npy("(1, 8, 8)", "<f8", np.full(64, np.inf).tobytes()),
        "array of the largest numbers": npy("(1, 8, 8)", "<f8", np.full(64, 1e308).tobytes()),
        "array without axes": npy("()", content=b"\0"),
        "array of nothing": npy("(0, 8, 8)"),
        "array of one column": npy("(64,)", content=bytes(64)),
        "array of 70 axes": npy(f"({'1,' * 70})", content=b"\0"),
        "array with a program for a header": npy("", head=b"__import__('os').system('true')\n"),
        "array with a deep header": npy("", head=b"(" * 60_000),
        "array with a long header": npy("", head=b"{" + b" " * 65_000 + b"}\n"),
        "array of rows of one pixel": npy("(40, 1, 1)", content=bytes(40)),
        "array with other bytes": changed(stream.getvalue(), generator),
        "array that ends early": stream.getvalue()[: int(generator.integers(1, 200))],
    }
    for name, content in every.items():
        yield Hostile(name, request(content, "application/x-npy"))


def _json(generator: np.random.Generator) -> Iterator[Hostile]:
    every = {
        "lists in lists": b"[" * 90_000,
        "inputs in inputs": b'{"inputs": ' + b"[" * 40_000 + b"]" * 40_000 + b"}",
        "inputs of 40 axes": b'{"inputs": ' + b"[" * 40 + b"1" + b"]" * 40 + b"}",
        "objects in objects": b'{"a":' * 15_000,
        "nan": b'{"inputs": [[NaN]]}',
        "a number beyond all": b'{"inputs": [[[1e999]]]}',
        "a number of 50,000 digits": b'{"inputs": [[[' + b"9" * 50_000 + b"]]]}",
        "true": b'{"inputs": [[true, false]]}',
        "null": b'{"inputs": [null]}',
        "lists of several lengths": b'{"inputs": [[1, 2], [3]]}',
        "a path for a text": b'{"texts": ["/etc/passwd"]}',
        "a path for inputs": b'{"inputs": ["/etc/passwd"]}',
        "a path in a row": b'{"rows": [{"path": "/etc/passwd"}]}',
        "an address in a row": b'{"rows": [{"path": "file:///etc/passwd"}]}',
        "half a letter": b'{"texts": ["\\ud800"]}',
        "no utf-8": b'{"texts": ["\xff\xfe"]}',
        "empty rows": b'{"rows": [{}]}',
        "rows of other columns each": json.dumps({"rows": [{f"c{n}": n} for n in range(45)]}).encode(),
        "rows of objects": b'{"rows": [{"size": {"$gt": 0}}]}',
        "a name of nothing": b'{"rows": [{"": 1, "__proto__": 2}]}',
        "a field twice": b'{"inputs": [[1]], "inputs": [[2]]}',
        "two kinds": b'{"inputs": [[1]], "texts": ["a"]}',
        "too many tokens": b'{"texts": ["a"], "tokens": 99999999999999999999}',
        "too hot": b'{"texts": ["a"], "temperature": -1e300}',
        "a text alone": b'"texts"',
        "nothing": b"",
        "a zero byte": b"\0",
        "too many inputs": json.dumps({"inputs": [[0]] * 20_000}).encode(),
        "other bytes": changed(b'{"inputs": [[[0, 1, 2], [3, 4, 5], [6, 7, 8]]]}', generator),
    }
    for name, content in every.items():
        yield Hostile(f"json: {name}", request(content))


def _tables(generator: np.random.Generator) -> Iterator[Hostile]:
    every = {
        "a path": b"path\n/etc/passwd\n",
        "a path upwards": b"image\n../../../../etc/passwd\n",
        "20,000 columns": b",".join([b"a"] * 20_000) + b"\n1\n",
        "an open quote": b'size\n"1\n2\n3\n',
        "zero bytes": b"size\n\0\0\0\n",
        "a header alone": b"size\n",
        "no header": b"\n\n\n",
        "rows of several lengths": b"size\n1,2,3\n,,,\n1\n",
        "utf-16": "size\n1\n".encode("utf-16"),
        "a formula": b'size\n"=cmd|calc!A1"\n',
        "numbers beyond all": b"size\n1e999\nnan\n-inf\n",
        "one column twice": b"size,size\n1,2\n",
        "too many rows": b"size\n" + b"1\n" * 30_000,
        "other bytes": changed(b"size\n" + b"1.25\n" * 20, generator),
    }
    for name, content in every.items():
        yield Hostile(f"table: {name}", request(content, "text/csv", "/v1/runs/sizes/predict"))
    lines = {
        "lists in lists": b'{"size": ' + b"[" * 90_000 + b"\n",
        "other columns each": b"\n".join(b'{"c%d": 1}' % number for number in range(45)),
        "6,000 columns": json.dumps({f"c{number}": 1 for number in range(6_000)}).encode(),
        "a column in itself": b'{"size": {"size": {"size": 1}}}\n{"size": [1]}\n',
        "quotes": b'"\\"' * 20_000,
    }
    for name, content in lines.items():
        yield Hostile(f"lines: {name}", request(content, "application/jsonl", "/v1/runs/sizes/predict"))


def form(*parts: tuple[str, bytes], end: bytes = b"--cut--\r\n") -> bytes:
    """Return a form of parts, each its headers and its content."""
    return b"".join(b"--cut\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n" for head, content in parts) + end


def _file(name: str, content: bytes, more: str = "") -> bytes:
    return form((f'Content-Disposition: form-data; name="file"; filename="{name}"{more}', content))


def _forms(generator: np.random.Generator) -> Iterator[Hostile]:
    plain = 'Content-Disposition: form-data; name="text"'
    every = {
        "a bomb of gzip": _file("rows.csv.gz", gzip.compress(bytes(1 << 24))),
        "parquet": _file("rows.parquet", b"PAR1" + b"\xff" * 64 + b"PAR1"),
        "an archive": _file("a.zip", b"PK\x03\x04" + bytes(64)),
        "a program": _file("a.py", b"print(1)"),
        "a pickle": _file("a.npy", b"\x80\x04."),
        "a name that leads away": _file("../../../../tmp/a.png", b"none"),
        "a name of a zero byte": _file("a\0.png", png(8, 8, bytes(72))),
        "a long name": _file("\u00e9" * 1_500 + ".png", png(8, 8, bytes(72))),
        "a name of dots": _file("..", b"none"),
        "a name in no encoding": _file("a", b"none", "; filename*=no-such''%ff"),
        "a bomb among images": _file("a.png", png(40_000, 40_000)),
        "no end": form((plain, b"a"), end=b""),
        "no name": form(("Content-Type: text/plain", b"a")),
        "no headers": b"--cut\r\n\r\n\r\n--cut--",
        "long headers": form((plain + "; a=" + "b" * 9_000, b"a")),
        "an unknown field": form(('Content-Disposition: form-data; name="path"', b"/etc/passwd")),
        "no number": form((plain, b"a"), ('Content-Disposition: form-data; name="tokens"', b"many")),
        "thousands of parts": form(*[(plain, b"")] * 1_200),
        "no parts": b"--cut--\r\n",
        "other bytes": changed(_file("a.png", png(8, 8, bytes(72))), generator),
    }
    for name, content in every.items():
        yield Hostile(f"form: {name}", request(content, "multipart/form-data; boundary=cut"))
    for boundary in ("", "; boundary=", "; boundary=" + "a" * 5_000, "; boundary*=utf-16''%ff"):
        yield Hostile("form: no boundary", request(form((plain, b"a")), "multipart/form-data" + boundary))


def _protocol(generator: np.random.Generator) -> Iterator[Hostile]:
    start, host = "POST /v1/predict HTTP/1.1\r\n", "Host: localhost\r\n"
    every = {
        "a header of 64 KB": f"GET / HTTP/1.1\r\n{host}X: {'a' * 65_536}\r\n\r\n",
        "5,000 headers": f"GET / HTTP/1.1\r\n{host}{'A: b' + chr(13) + chr(10)}" + "A: b\r\n" * 5_000 + "\r\n",
        "a long path": f"GET /{'a' * 60_000} HTTP/1.1\r\n{host}\r\n",
        "a path upwards": f"GET /../../../etc/passwd HTTP/1.1\r\n{host}Connection: close\r\n\r\n",
        "a path of a zero byte": f"GET /v1/runs/%00%ff/card HTTP/1.1\r\n{host}Connection: close\r\n\r\n",
        "no host": "GET /v1/runs HTTP/1.1\r\nConnection: close\r\n\r\n",
        "another host": "GET /v1/runs HTTP/1.1\r\nHost: elsewhere.org\r\nConnection: close\r\n\r\n",
        "a page of elsewhere": f"{start}{host}Origin: https://elsewhere.org\r\nContent-Length: 0\r\n\r\n",
        "two lengths": f"{start}{host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "a length below 0": f"{start}{host}Content-Length: -1\r\n\r\n",
        "a length beyond all": f"{start}{host}Content-Length: {'9' * 30}\r\n\r\n",
        "a length and chunks": f"{start}{host}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "a chunk of no number": f"{start}{host}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        "a chunk beyond all": f"{start}{host}Transfer-Encoding: chunked\r\n\r\n{'f' * 20}\r\n",
        "another coding": f"{start}{host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "another method": f"BREW /v1/predict HTTP/1.1\r\n{host}Connection: close\r\n\r\n",
        "another version": f"GET / HTTP/9.9\r\n{host}\r\n",
        "http/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "a web socket": f"GET /v1/runs HTTP/1.1\r\n{host}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "a handshake": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "a header with a break": f"GET / HTTP/1.1\r\n{host}X: a\n\rb: c\r\n\r\n",
    }
    for name, content in every.items():
        yield Hostile(f"http: {name}", content.encode("latin-1"), HALF)
    yield Hostile("http: noise", generator.integers(0, 256, 5_000, dtype=np.uint8).tobytes(), HALF)
    yield Hostile("http: a body that is promised", request(b"", headers="Expect: 100-continue\r\n"), HALF)
    yield Hostile("http: a wrong type", request(b"x", "application/x-python\x00"), HALF)


def _leavers(generator: np.random.Generator) -> Iterator[Hostile]:
    good = request(b'{"inputs": [' + json.dumps(np.zeros((8, 8), int).tolist()).encode() + b"]}")
    cut = int(generator.integers(1, len(good)))
    yield Hostile("leaves: at once", b"", CLOSE)
    for then in (CLOSE, HALF, RESET):
        yield Hostile(f"leaves: {then} in mid-request", good[:cut], then)
        yield Hostile(f"leaves: {then} before the answer", good, then)
    yield Hostile(
        "leaves: fifty requests, and reads no answer", good.replace(b"Connection: close\r\n", b"") * 50, RESET
    )


def _usual(generator: np.random.Generator) -> Iterator[Hostile]:
    """Yield what is sent as nearly all clients send it, over a connection that stays open, and what only begins so."""
    closes = b"Connection: close\r\n"
    for one in (*_arrays(generator), *_json(generator)):
        yield Hostile(f"usual: {one.name}", one.content.replace(closes, b""), HALF)
    good = request(b'{"inputs": [' + json.dumps(np.zeros((8, 8), int).tolist()).encode() + b"]}").replace(closes, b"")
    every = {
        "more than stated": good + b"x" * 100,
        "less than stated": good[: -int(generator.integers(1, 100))],
        "two lengths": good.replace(b"Content-Type", b"Content-Length: 3\r\nContent-Type"),
        "a request of another version behind": good + b"GET / HTTP/9.9\r\n\r\n",
        "half a request behind": good + good[: int(generator.integers(1, len(good)))],
        "fifty at once": good * 50,
        "a head with other bytes": changed(good[:150], generator) + good[150:],
    }
    for name, content in every.items():
        yield Hostile(f"usual: {name}", content, HALF)
    yield Hostile("usual: byte by byte", good, HALF, pause=0.001)


def survive(
    address: tuple[str, int], every: Iterator[Hostile], note: Callable[[Hostile, str], None], patience: float = 60.0
) -> int:
    """Send all requests, tell of each that is answered wrongly, and return their number."""
    count = 0
    for one in every:
        count += 1
        try:
            fault = fault_of(attack(address, one, patience))
        except TimeoutError:
            fault = "is neither answered nor closed"
        if fault:
            note(one, fault)
    return count
