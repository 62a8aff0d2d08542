"""The micro-batcher: works that arrive while the network is busy are answered together by its next pass.

A batcher has one thread, in which everything with torch happens. It never waits for more works to come: a work that
arrives while the thread is idle is answered alone, at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

Work = TypeVar("Work")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Waiting(Generic[Work, Answer]):
    """A work in the queue.

    Args:
        work: To be done.
        size: Number of its inputs.
        future: Its answer.
    """

    work: Work
    size: int
    future: asyncio.Future[Answer]


class Batcher(Generic[Work, Answer]):
    """Answers works in batches, in one thread.

    Args:
        compute: From works to an answer, or an error, for each.
        most: Inputs of a batch; a work with more is a batch of its own.
        seen: Is told the number of inputs of each batch.
    """

    def __init__(
        self,
        compute: Callable[[Sequence[Work]], Sequence[Answer | BaseException]],
        most: int,
        seen: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._compute, self._most, self._seen = compute, most, seen
        self._queue: deque[Waiting[Work, Answer]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._task: asyncio.Task[None] | None = None

    async def answer(self, work: Work, size: int = 1) -> Answer:
        """Put a work into the queue and wait for its answer; one that is cancelled before its batch is not computed.

        Raises:
            BaseException: As `compute` returned it for this work, or raised it.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append(Waiting(work, size, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await future

    @property
    def is_idle(self) -> bool:
        """Whether no work waits or is done."""
        return self._task is None

    async def drain(self) -> None:
        """Answer what waits, and end the thread."""
        while self._task is not None:
            await asyncio.wait({self._task})
        self._thread.shutdown(wait=False)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._take():
            self._seen(sum(one.size for one in batch))
            try:
                found = await loop.run_in_executor(self._thread, self._compute, [one.work for one in batch])
            except BaseException as error:
                found = [error] * len(batch)
            for one, answer in zip(batch, found, strict=True):
                _settle(one.future, answer)
        self._task = None

    def _take(self) -> list[Waiting[Work, Answer]]:
        """Take the next batch: works in their order, as long as they fit; empty if none waits."""
        batch: list[Waiting[Work, Answer]] = []
        size = 0
        while self._queue:
            if self._queue[0].future.done():  # its request has ended
                self._queue.popleft()
                continue
            if batch and size + self._queue[0].size > self._most:
                break
            batch.append(self._queue.popleft())
            size += batch[-1].size
        return batch


def _settle(future: asyncio.Future[Answer], answer: Answer | BaseException) -> None:
    """Give a future its answer, unless its request has ended."""
    if future.done():
        return
    if isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)
