"""The verb ``dl serve``; FastAPI, uvicorn and torch are imported when it runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from dl.cli.flags import DEFAULT_RUNS, Runs
from dl.errors import BadOption
from dl_serve.settings import Limits, Settings, parse_runs, read_token

SERVE = """Serve runs over HTTP: images, texts, tables in, answers out.

Example: dl serve last

Example: dl serve last --port 9000 --token-file token.txt

Example: dl serve digits=3 reviews=12

SIGHUP loads the runs anew; SIGTERM ends the service after its last answers. Inputs are neither kept nor logged.
"""


def serve(
    runs_asked: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Runs, or NAME=RUN; 'last' is the newest that is finished.")
    ],
    runs: Runs = DEFAULT_RUNS,
    host: Annotated[str, typer.Option(help="Address to listen on; other than this machine's it needs a token.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8000,
    token_file: Annotated[
        Path | None, typer.Option(help="File with the token that requests bring; else DL_SERVE_TOKEN.")
    ] = None,
    max_bytes: Annotated[int, typer.Option(help="Bytes of a request.")] = Limits.size,
    max_pixels: Annotated[int, typer.Option(help="Pixels of the images of a request.")] = Limits.pixels,
    max_rows: Annotated[int, typer.Option(help="Inputs of a request.")] = Limits.rows,
    timeout: Annotated[float, typer.Option(help="Seconds for a request to arrive, and for its answer.")] = (
        Limits.seconds
    ),
    queue: Annotated[int, typer.Option(help="Requests that may wait; further ones get 503.")] = Limits.waiting,
    batch: Annotated[int, typer.Option(help="Inputs that the network is given at once.")] = Limits.batch,
) -> None:
    """Serve runs until a signal ends it.

    Raises:
        BadOption: If an option does not fit, or FastAPI and uvicorn are missing.
    """
    limits = Limits(max_bytes, max_pixels, max_rows, timeout, queue, batch)
    token = read_token(token_file, os.environ)
    settings = Settings(parse_runs(runs_asked), runs, host, port, token, limits)
    try:
        from dl_serve import server
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "h11", "starlette", "uvicorn"):
            raise
        raise BadOption(f"{error.name} is not installed  install it: pip install 'dl-serve[http]'") from error
    server.serve(settings)
