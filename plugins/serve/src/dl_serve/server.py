"""The server: its socket, and signals."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from dl.errors import BadOption
from dl.plugins.registered import registered
from dl_serve.app import build
from dl_serve.connection import connection_of
from dl_serve.errors import report
from dl_serve.service import Service
from dl_serve.settings import Settings
from dl_serve.shortcut import Shortcut
from dl_serve.uploads import remove_left

BACKLOG = 1024
GRACE = 5.0  # seconds beyond those of a request, in which the last answers are sent


class Server(uvicorn.Server):
    """A server that ends with 0 on SIGTERM and SIGINT, after its last answers, and loads its runs anew on SIGHUP.

    Args:
        config: Of uvicorn.
        service: Whose requests it answers.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._reloads: set[asyncio.Task[None]] = set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals; unlike uvicorn, none is raised again in the end."""
        names = (signal.SIGINT, signal.SIGTERM)
        before = {one: signal.signal(one, self.handle_exit) for one in names}
        hangup = getattr(signal, "SIGHUP", None)
        if hangup is not None:
            asyncio.get_running_loop().add_signal_handler(hangup, self._reload)
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    def handle_exit(self, sig: int, frame: Any) -> None:  # Any: a frame
        """Begin to end."""
        self._service.closing = True
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and print the address."""
        await super().startup(sockets)
        for one in sockets or ():
            host, port = one.getsockname()[:2]
            print(f"http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)

    def _reload(self) -> None:
        task = asyncio.get_running_loop().create_task(self._reload_runs())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _reload_runs(self) -> None:
        for name, line in (await self._service.reload()).items():
            print(f"{name} stays as it was: {line}", flush=True)
        for one in self._service.runs():
            print(f"{one['name']}: {one['run']}", flush=True)


def listen(host: str, port: int) -> socket.socket:
    """Open the socket of a service.

    Raises:
        BadOption: If the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        opened = socket.create_server((host.strip("[]"), port), family=family, backlog=BACKLOG)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else a body waits 40 ms behind its headers
        return opened
    except (OSError, UnicodeError) as error:
        raise BadOption(f"--host {host} --port {port}: {error}  take a free port: --port 0") from error


def serve(settings: Settings) -> None:
    """Serve runs until a signal ends it.

    Raises:
        DLError: If a run cannot be loaded, or the address cannot be used.
    """
    remove_left()
    service = Service(settings, registered())
    warnings.simplefilter("ignore")  # they would keep parts of what was sent
    logging.disable()  # likewise
    asyncio.run(_serve(settings, service))


async def _serve(settings: Settings, service: Service) -> None:
    app = build(service)
    config = uvicorn.Config(
        app,
        http=connection_of(settings.limits, Shortcut(service, app)),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(2 * settings.limits.seconds + GRACE),
    )
    asyncio.get_running_loop().set_exception_handler(_report_loose)
    with listen(settings.host, settings.port) as opened:
        await Server(config, service).serve([opened])
    await service.close()


def _report_loose(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # Any: as asyncio has it
    """Print an error that belongs to no request; a client that has gone is none."""
    error = context.get("exception")
    if error is not None and not isinstance(error, ConnectionError):
        report(error)
