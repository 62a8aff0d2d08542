"""The addresses of the service."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from dl.errors import BadOption
from dl.version import VERSION
from dl_serve.card import sections_of, to_html
from dl_serve.errors import UNKNOWN, Refused, line_of, report, status_of
from dl_serve.guard import App, Guard, Message, Receive, Send
from dl_serve.pages import Page, front_page, make_page, operations_page
from dl_serve.service import Reply, Service

GONE = 499  # the status of a client that has gone, which nginx made usual
FIRST, OF_RUN, PREDICT = "/v1/predict", "/v1/runs/", "/predict"
LINGER = 1.0  # seconds in which the rest of a refused body is read and dropped
REST = 4  # of the largest bodies, that are dropped at most
UNREAD = frozenset({408, 413, 503})  # the body may not have been read: the connection ends
METRICS = "text/plain; version=0.0.4; charset=utf-8"
TABLE = {"type": "string", "description": "A table; its first line names the columns."}
BINARY = {"type": "string", "format": "binary", "description": "A file, as of an image."}
NUMBER = {"type": "number"}
SAMPLING = {"tokens": {"type": "integer"}, "temperature": NUMBER, "seed": {"type": "integer"}}
STRICT = {"strict": {"type": "boolean", "description": "Refuse inputs with what the training set lacks."}}
ROWS = {"type": "array", "items": {"type": "object"}, "description": "Rows of a table, by column."}
TEXTS = {"type": "array", "items": {"type": "string"}, "description": "Texts, or prompts."}
INPUTS = {"type": "array", "items": {}, "description": "Numbers: images of pixels, or rows."}
JSON_BODY = {
    "type": "object",
    "properties": {"texts": TEXTS, "rows": ROWS, "inputs": INPUTS, **SAMPLING, **STRICT},
}
FORM = {"type": "object", "properties": {"file": BINARY, "text": {"type": "string"}, **SAMPLING, **STRICT}}
ASKS: dict[str, Any] = {  # Any: JSON
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": JSON_BODY},
            "application/x-npy": {"schema": BINARY},
            "multipart/form-data": {"schema": FORM},
            "text/csv": {"schema": TABLE},
            "text/plain": {"schema": {"type": "string", "description": "A text, or a prompt."}},
            "image/*": {"schema": BINARY},
        },
    }
}
LINE = {"application/json": {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}}
ERRORS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answers, each with its probabilities or numbers, notes and uncertainty."},
    400: {"description": "The inputs do not fit the run.", "content": LINE},
    404: {"description": "No run is served under this name.", "content": LINE},
    408: {"description": "The request did not arrive in time.", "content": LINE},
    413: {"description": "The request asks for too much.", "content": LINE},
    415: {"description": "The type of the body, or of a file, is not read.", "content": LINE},
    503: {"description": "Too many requests wait; try again after the seconds of Retry-After.", "content": LINE},
}


MARKDOWN, HTML, JSON = "text/markdown; charset=utf-8", "text/html; charset=utf-8", "application/json"
CARD_KINDS = {"markdown": MARKDOWN, "html": HTML, "json": JSON}
AS: dict[str, Any] = {  # Any: JSON
    "parameters": [
        {
            "name": "as",
            "in": "query",
            "description": "json, markdown or html; else the header Accept decides.",
            "schema": {"enum": [*CARD_KINDS]},
        }
    ]
}
CARDS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The card: its sections and its Markdown as JSON, or Markdown, or a page."},
    400: {"description": "The form is none of these.", "content": LINE},
    404: ERRORS[404],
}


def build(service: Service) -> Guard:
    """Build the application of a service."""
    app = FastAPI(title="dl serve", version=VERSION, docs_url=None, redoc_url=None)

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return _page(front_page())

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return _page(operations_page(app.openapi()))

    @app.get("/healthz", summary="Whether the process lives", response_description="status is ok.")
    async def healthz() -> Response:
        return _json({"status": "ok"})

    @app.get("/readyz", summary="Whether requests are answered", response_description="status is ready.")
    async def readyz() -> Response:
        return _json({"status": "closing" if service.closing else "ready"}, 503 if service.closing else 200)

    @app.get(
        "/metrics", summary="Counters, for Prometheus", response_description="Counters, gauges and histograms as text."
    )
    async def metrics() -> Response:
        served = {name: engine.opened.run.name for name, engine in service.engines.items()}
        return Response(service.metrics.show(served), media_type=METRICS)

    @app.get(
        "/v1/runs",
        summary="The served runs, each with its verdict",
        response_description="The runs: name, task, what they read, verdict.",
    )
    async def runs() -> Response:
        return _json({"runs": service.runs()})

    @app.post("/v1/predict", summary="Predict with the first run", responses=ERRORS, openapi_extra=ASKS)
    async def predict(request: Request) -> Response:
        return await _predict(service, service.first, request)

    @app.post("/v1/runs/{name}/predict", summary="Predict with a run", responses=ERRORS, openapi_extra=ASKS)
    async def predict_with(name: str, request: Request) -> Response:
        return await _predict(service, name, request)

    @app.get("/v1/runs/{name}/card", summary="The card of a model", responses=CARDS, openapi_extra=AS)
    async def card(name: str, request: Request) -> Response:
        try:
            return _card(name, await service.card(name), request)
        except Exception as error:
            return _error(error)

    @app.exception_handler(HTTPException)
    async def nothing_there(request: Request, error: HTTPException) -> Response:
        line = f"there is no {request.method[:20]} {request.url.path[:100]!r}; GET /openapi.json lists what there is"
        return _json({"error": line}, error.status_code)

    _without_validation(app)
    return Guard(Direct(app, service), service.settings.token)


class Direct:
    """Answers requests for predictions without the layers of FastAPI, which cost as much as a pass of a small network.

    Args:
        app: Answers all others.
        service: Whose requests it answers.
    """

    def __init__(self, app: App, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        asks = scope["type"] == "http" and scope["method"] == "POST"
        name = run_of(scope["path"], self._service) if asks else None
        if name is None:
            await self._app(scope, receive, send)
            return
        response = await _predict(self._service, name, Request(scope, receive))
        await response(scope, receive, send)


def run_of(path: str, service: Service) -> str | None:
    """Return the name of the run whose predictions have this address; None where none have."""
    if path == FIRST:
        return service.first
    name = path.removeprefix(OF_RUN).removesuffix(PREDICT)
    return name if path == OF_RUN + name + PREDICT and "/" not in name else None


def _without_validation(app: FastAPI) -> None:
    """Take the answer 422 out of the description: FastAPI states it of all parameters, and here none can be wrong."""
    for path in app.openapi()["paths"].values():
        for about in path.values():
            about["responses"].pop("422", None)


def _page(page: Page) -> Response:
    return Response(page.html, media_type=HTML, headers=page.headers)


def _card(name: str, card: str, request: Request) -> Response:
    """Return a card in the form that was asked for.

    Raises:
        BadOption: If there is no such form.
    """
    asked = request.query_params.get("as") or _preferred(request.headers.get("accept", ""))
    if asked not in CARD_KINDS:
        raise BadOption(f"a card as {asked[:40]!r}; choose one of {', '.join(CARD_KINDS)}")
    if asked == "markdown":
        return Response(card, media_type=MARKDOWN)
    if asked == "html":
        return _page(make_page(f"{name}: model card", f"<main>\n{to_html(card)}\n</main>"))
    return _json({"name": name, "sections": sections_of(card), "markdown": card})


def _preferred(accept: str) -> str:
    """Return the form of a card that a header asks for first; JSON where it asks for none."""
    kinds = [one.partition(";")[0].strip().lower() for one in accept.split(",")]
    known = {kind.partition(";")[0]: name for name, kind in CARD_KINDS.items()}
    return next((known[kind] for kind in kinds if kind in known), "json")


async def _predict(service: Service, name: str, request: Request) -> Response:
    """Read a request, answer it, and count it."""
    begin = time.perf_counter()
    try:
        service.enter()
    except Refused as error:
        service.count(name, error.status, begin)
        return await _refuse(service, request, error)
    held = [0]
    response = None
    try:
        body = await _body(service, request, held)
        response = await answer(service, name, request.headers.get("content-type", ""), body)
    except ClientDisconnect:
        response = Response(status_code=GONE)
    except Refused as error:
        response = await _refuse(service, request, error)
    except Exception as error:
        response = _error(error)
    finally:
        service.hold(-held[0])
        service.leave(name, GONE if response is None else response.status_code, begin)
    return response


async def answer(service: Service, name: str, content_type: str, body: bytes) -> Response:
    """Answer a request whose body is read, with a line if it is refused or fails.

    Args:
        service: That answers.
        name: Of the run.
        content_type: The header.
        body: All of it.
    """
    try:
        return response_of(await service.predict(name, content_type, body))
    except Exception as error:
        return response_of(error)


def response_of(reply: Reply) -> Response:
    """Return the response with answers, or with the line of an error."""
    return _error(reply) if isinstance(reply, BaseException) else _json(reply)


async def _refuse(service: Service, request: Request, error: Refused) -> Response:
    """Return the response to a refused request, once the rest of its body is read and dropped.

    A connection that is closed with bytes unread is reset, and the client may lose the line that tells why; so a body
    that is not much too large is read to its end.
    """
    left = REST * service.settings.limits.size
    if error.status not in UNREAD or "expect" in request.headers:  # a client that waits to be asked sends no body
        return _error(error)
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):  # the last one if it was read to its end
        async with asyncio.timeout(LINGER):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    break
    return _error(error)


async def _body(service: Service, request: Request, held: list[int]) -> bytes:
    """Read a body, which may be no larger and take no longer than the limits say.

    Raises:
        Refused: At the limit.
    """
    limits = service.settings.limits
    too_large = Refused(413, f"a body of more than {limits.size:,} bytes; send less at once")
    stated = request.headers.get("content-length", "0")
    if stated.isdecimal() and int(stated) > limits.size:
        raise too_large
    chunks = []
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in request.stream():
                service.hold(len(chunk))
                held[0] += len(chunk)
                if held[0] > limits.size:
                    raise too_large
                chunks.append(chunk)
    except TimeoutError as error:
        raise Refused(408, f"the request did not arrive within {limits.seconds:g} seconds") from error
    return b"".join(chunks)


def _error(error: BaseException) -> Response:
    """Return the response to a request that is refused, or that failed."""
    status = status_of(error)
    if status == UNKNOWN:
        report(error)
    response = _json({"error": line_of(error)}, status)
    if status in UNREAD:
        response.headers["connection"] = "close"
    if retry := getattr(error, "retry", 0):
        response.headers["retry-after"] = str(retry)
    return response


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
