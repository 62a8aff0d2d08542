"""The runs of a service by name, and the change of a run while requests are answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import msgspec

from dl.errors import BadRun, DLError, unknown
from dl.plugins.registry import Plugins
from dl.runs.run import Run, list_runs, open_run
from dl_serve.arrays import KIND as NPY
from dl_serve.card import card_of
from dl_serve.engine import Answers, Engine, without_places
from dl_serve.errors import Refused, line_of
from dl_serve.inputs import Asked, parse
from dl_serve.metrics import Metrics
from dl_serve.settings import LAST, Limits, Settings, Wanted

Json = dict[str, Any]  # Any: JSON
Reply = Json | BaseException
QUICK = 4096  # bytes of a body that is parsed sooner than a thread is woken
PARSERS = 2  # threads; lists of Python take many times the bytes of their JSON


class Row(msgspec.Struct, gc=False):
    """A prediction as it is sent.

    Args:
        source: As in `dl.Prediction`, as are the others.
        answer: In words.
        values: By name.
        notes: On what the training set lacks.
        uncertainty: As `Uncertainty` gives it.
        heads: Left out where there is one target.
    """

    source: str
    answer: str
    values: dict[str, float]
    notes: list[str]
    uncertainty: Json | None
    heads: dict[str, str] | msgspec.UnsetType


class Service:
    """The runs of a service.

    Args:
        settings: Of the service.
        plugins: The registered plugins.

    Raises:
        DLError: If a run cannot be loaded.
    """

    def __init__(self, settings: Settings, plugins: Plugins) -> None:
        self.settings, self.plugins, self.metrics = settings, plugins, Metrics()
        self.closing = False
        self._parsers = ThreadPoolExecutor(PARSERS, thread_name_prefix="parser")
        self.engines = {wanted.name: self._open(wanted) for wanted in settings.wanted}
        self.verdicts = {name: verdict_of(engine.opened.run, plugins) for name, engine in self.engines.items()}
        self._changing, self._writing = asyncio.Lock(), asyncio.Lock()

    @property
    def first(self) -> str:
        """The name of the run that answers where none is named."""
        return self.settings.wanted[0].name

    def engine(self, name: str) -> Engine:
        """Return the engine of a name.

        Raises:
            UnknownName: If no run is served under it.
        """
        if name not in self.engines:
            raise unknown("served run", name, self.engines, "GET /v1/runs")
        return self.engines[name]

    async def predict(self, name: str, content_type: str, body: bytes) -> Json:
        """Answer a request for predictions.

        Args:
            name: Of the run.
            content_type: The header.
            body: All of it.

        Raises:
            DLError: If it cannot be answered.
        """
        self.engine(name)  # an unknown name is refused at once
        given = (content_type, body, self.settings.limits)
        quick = content_type == NPY or len(body) <= QUICK
        loop = asyncio.get_running_loop()
        asked = parse(*given) if quick else await loop.run_in_executor(self._parsers, parse, *given)
        engine = self.engine(name)  # which may be another since then
        return self._reply(name, engine, await engine.predict(asked))

    def predict_at_once(self, name: str, bodies: Sequence[tuple[str, bytes]]) -> list[Reply]:
        """Answer the first requests of several, as many as one short pass in this thread holds; none if none does.

        Args:
            name: Of the run.
            bodies: The header of the type and the body of each.
        """
        engine = self.engines.get(name)
        if engine is None or not engine.is_at_hand:
            return []
        read: list[Asked | Exception] = []
        size = 0
        for kind, body in bodies:
            one = _tried(kind, body, self.settings.limits)
            if isinstance(one, Asked):
                size += one.most
                if one.array is None or not engine.is_short(size):
                    break
            read.append(one)
        asked = [one for one in read if isinstance(one, Asked)]
        found = iter(engine.predict_at_once(asked) if asked else ())
        replies = [next(found) if isinstance(one, Asked) else one for one in read]
        return [one if isinstance(one, BaseException) else self._reply(name, engine, one) for one in replies]

    def _reply(self, name: str, engine: Engine, found: Answers) -> Json:
        """Return answers as they are sent."""
        self.metrics.inputs[name] += len(found)
        rows = [
            Row(
                without_places(one.source),
                one.answer,
                one.values,
                list(map(without_places, one.notes)),
                uncertainty,
                one.heads or msgspec.UNSET,
            )
            for one, uncertainty in found
        ]
        unknown = {"no_uncertainty": engine.uncertainty.why} if engine.uncertainty.why else {}
        return {"run": engine.opened.run.name, "predictions": rows, **unknown}

    async def card(self, name: str) -> str:
        """Return the card of a run in Markdown; it is written once, when it is first asked for.

        Raises:
            UnknownName: If no run is served under this name.
            DLError: If files of the run are damaged.
        """
        engine = self.engine(name)
        async with self._writing:
            if engine.card is None:
                given = (engine.opened, self.plugins, engine.uncertainty.kept, name)
                engine.card = await asyncio.to_thread(card_of, *given)
        return engine.card

    def enter(self) -> None:
        """Count a request, or refuse it where too many wait.

        Raises:
            Refused: With the time after which to try again.
        """
        if self.metrics.waiting >= self.settings.limits.waiting:
            raise Refused(503, f"{self.metrics.waiting:,} requests wait already; try again later", retry=1)
        self.metrics.waiting += 1

    def leave(self, name: str, status: int, begin: float) -> None:
        """Count the answer of a request."""
        self.metrics.waiting -= 1
        self.count(name, status, begin)

    def count(self, name: str, status: int, begin: float) -> None:
        """Count a status; of a run that is not served under no name, so that clients make up none."""
        known = name if name in self.engines else ""
        self.metrics.requests[known, status] += 1
        self.metrics.seconds[known].add(time.perf_counter() - begin)

    def hold(self, size: int) -> None:
        """Count bytes of bodies; a negative number lets them go.

        Raises:
            Refused: If all bodies together are too large.
        """
        if size > 0 and self.metrics.held + size > self.settings.limits.held:
            raise Refused(503, "the bodies of all requests together are too large; try again later", retry=1)
        self.metrics.held += size

    def runs(self) -> list[dict[str, Any]]:  # Any: JSON
        """Return the served runs."""
        return [
            {
                "name": name,
                "run": engine.opened.run.name,
                "domain": engine.opened.recipe.domain,
                "model": engine.opened.recipe.model,
                "task": engine.opened.task.row.name,
                "created": engine.opened.run.manifest.created,
                "reads": engine.reads,
                "probabilities": engine.opened.task.info.has_probabilities,
                "verdict": self.verdicts[name],
            }
            for name, engine in self.engines.items()
        ]

    async def reload(self) -> Mapping[str, str]:
        """Load all runs anew, and let each take its place when it is ready; return the names that failed, and why.

        Requests that are in work are answered by the run that they began with.
        """
        failed = {}
        async with self._changing:
            for wanted in self.settings.wanted:
                try:
                    fresh = await asyncio.to_thread(self._open, wanted)
                except Exception as error:  # whatever its files hold, the other runs are loaded
                    failed[wanted.name] = str(error) if isinstance(error, DLError) else line_of(error)
                    continue
                self.verdicts[wanted.name] = await asyncio.to_thread(verdict_of, fresh.opened.run, self.plugins)
                before, self.engines[wanted.name] = self.engines[wanted.name], fresh
                self.metrics.changes[wanted.name] += before.opened.run.path != fresh.opened.run.path
                await before.close()
        return failed

    async def close(self) -> None:
        """Answer what waits, and end all threads."""
        for engine in self.engines.values():
            await engine.close()
        self._parsers.shutdown(wait=False)

    def _open(self, wanted: Wanted) -> Engine:
        seen = partial(self._seen, wanted.name)
        run = newest(wanted, self.settings)
        return Engine(run, self.plugins, self.settings.limits, seen)

    def _seen(self, name: str, size: int) -> None:
        self.metrics.batches[name].add(size)


def _tried(content_type: str, body: bytes, limits: Limits) -> Asked | Exception:
    """Read a body as `parse` does, and return the error where it raises one."""
    try:
        return parse(content_type, body, limits)
    except Exception as error:
        return error


def newest(wanted: Wanted, settings: Settings) -> Run:
    """Find a run; ``last`` is the newest that is finished.

    Raises:
        BadRun: If there is none.
    """
    if wanted.which != LAST:
        return open_run(wanted.which, settings.runs)
    finished = _finished(list_runs(settings.runs))
    if not finished:
        raise BadRun(f"there is no finished run in {str(settings.runs)!r} yet  start one: dl fit vision mnist")
    return finished[-1]


def _finished(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.status == "finished"]


def verdict_of(run: Run, plugins: Plugins) -> str:
    """Return the verdict on a run in one sentence; empty where nothing reports on it."""
    try:
        return run.report(plugins=plugins).verdict
    except DLError:
        return ""
