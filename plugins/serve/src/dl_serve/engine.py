"""A run in memory, and the thread that answers with it."""

from __future__ import annotations

import asyncio
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from dl.data.examples import Examples, concatenate_examples
from dl.errors import BadOption, DLError
from dl.inference.load import reopen
from dl.inference.predict import answers, predict_opened, read_inputs
from dl.inference.replay import replayed
from dl.plugins.registry import Plugins
from dl.runs.run import Run
from dl_serve.batcher import Batcher
from dl_serve.described import reads_of
from dl_serve.errors import Refused, line_of, status_of
from dl_serve.inputs import Asked, check_rows
from dl_serve.settings import BODIES, Limits
from dl_serve.uncertainty import Answer, Uncertainty
from dl_serve.uploads import PREFIX, check_tables, folder_of

SHORT = 0.02  # seconds of a pass for which the event loop may stand still
READERS = 2  # threads that read inputs while the network computes
PLACE = re.compile(rf"[^\s'\"]*{PREFIX}[^/\s'\"]*/?")
Answers = list[Answer]


@dataclass(frozen=True)
class Work:
    """Inputs for the network.

    Args:
        asked: The request.
        examples: Its inputs; None where they are read in the thread of the network.
    """

    asked: Asked
    examples: Examples | None = None

    @property
    def size(self) -> int:
        """Number of inputs."""
        return self.asked.most if self.examples is None else len(self.examples)


class Engine:
    """A run that answers requests; those that arrive while the network is busy are answered in its next pass.

    Args:
        run: A finished run.
        plugins: The registered plugins.
        limits: Of requests.
        seen: Is told the number of inputs of each pass.

    Raises:
        DLError: If the run cannot be loaded, or answers with what cannot be sent.
    """

    def __init__(self, run: Run, plugins: Plugins, limits: Limits, seen: Callable[[int], None]) -> None:
        self.opened = reopen(run, plugins)
        info = self.opened.task.info
        if info.predicts_frames:
            raise BadOption(f"{run.name} predicts frames, which are not served; use dl predict {run.name}")
        self.uncertainty, self.reads = Uncertainty(self.opened), reads_of(self.opened)
        self.card: str | None = None  # in Markdown, once it was asked for
        self._at_once = info.tells_tokens or info.by_query  # each request by itself
        self._replayed = replayed(self.opened)
        self._plugins, self._limits = plugins, limits
        self._numbers = math.prod(self.opened.preprocessor.input_shape)  # that an input is for the network
        self._held = 0  # such numbers of all requests that have begun
        self._users = 0  # requests that have begun
        self._unused = asyncio.Event()
        self._unused.set()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._batcher: Batcher[Work, Answers] = Batcher(self._compute, limits.batch, seen)
        self._seen, self._pace = seen, math.inf  # seconds for an input in the last pass
        self._alone = has_one_core() and not self._at_once and not torch.cuda.is_available()

    async def predict(self, asked: Asked) -> Answers:
        """Answer a request.

        Raises:
            Refused: If it takes too long, or a file cannot be read; without the place of the file.
            DLError: If the inputs do not fit the run.
        """
        numbers = self._check_numbers(asked.most)
        self._users += 1
        self._held += numbers
        self._unused.clear()
        try:
            async with asyncio.timeout(self._limits.seconds):
                work = Work(asked)
                if asked.array is None and not self._at_once:  # an array is read sooner than a thread is woken
                    work = await asyncio.get_running_loop().run_in_executor(self._readers, self._read, asked)
                return await self._batcher.answer(work, work.size)
        except TimeoutError as error:
            message = f"no answer within {self._limits.seconds:g} seconds; send fewer inputs, or try later"
            raise Refused(503, message, retry=1) from error
        except DLError as error:
            raise refusal_of(error) from error
        finally:
            self._users -= 1
            self._held -= numbers
            if not self._users:
                self._unused.set()

    @property
    def is_at_hand(self) -> bool:
        """Whether `predict_at_once` may answer: there is one core, and no thread is at work on it already."""
        return self._alone and self._batcher.is_idle

    def is_short(self, size: int) -> bool:
        """Return whether a pass with so many inputs is soon done, by the time of the last one."""
        within = size <= self._limits.batch and size * self._numbers <= self._limits.numbers
        return within and self._pace * size < SHORT

    def predict_at_once(self, every: Sequence[Asked]) -> list[Answers | BaseException]:
        """Answer requests in one pass in this thread, that of the event loop.

        A thread of its own is of use where it has a core of its own. Where there is one for all, the core is only
        handed over and back.

        Args:
            every: One or more, of arrays, where `is_at_hand` and `is_short` allow it.
        """
        self._seen(sum(asked.most for asked in every))
        found = self._compute([Work(asked) for asked in every])
        return [refusal_of(one) if isinstance(one, DLError) else one for one in found]

    async def close(self) -> None:
        """Answer all requests that have begun, and end the threads."""
        await self._unused.wait()
        await self._batcher.drain()
        self._readers.shutdown(wait=False)

    def _check_numbers(self, inputs: int) -> int:
        """Refuse inputs that become more than the memory of a request: an image of a pixel is enlarged, too.

        Raises:
            Refused: With how many inputs fit, or with the time after which to try again.
        """
        numbers, most = inputs * self._numbers, self._limits.numbers
        if numbers > most and inputs > 1:
            fits = max(1, most // self._numbers)
            raise Refused(413, f"{inputs:,} inputs become {numbers:,} numbers for the network; send {fits:,} at once")
        if self._held and self._held + numbers > BODIES * most:
            raise Refused(503, "the inputs of all requests together are too many; try again later", retry=1)
        return numbers

    def _read(self, asked: Asked) -> Work:
        """Read the inputs of a request, in a thread of the readers.

        Raises:
            DLError: If they do not fit the run.
        """
        given = (self.opened, self._plugins)
        if asked.array is not None:
            examples = read_inputs(*given, asked.array, asked.texts, strict=asked.strict)
        else:
            with self._paths(asked) as paths:
                examples = read_inputs(*given, paths, asked.texts, strict=asked.strict)
        check_rows(len(examples), self._limits)
        if asked.sampling and any(value is not None for value in asked.sampling.values()):
            raise BadOption(f"{self.opened.run.name} generates no text; leave tokens, temperature and seed out")
        return Work(asked, examples)

    @contextmanager
    def _paths(self, asked: Asked) -> Iterator[list[Path]]:
        """Write the files of a request for the time of reading them."""
        with folder_of(asked.files) as paths:
            check_tables(paths, self.opened.domain, self.opened.recipe.data_options)
            yield paths

    def _compute(self, works: Sequence[Work]) -> Sequence[Answers | BaseException]:
        """Answer works in one pass of the network; if it fails, each by itself, so that one does not fail others."""
        begin = time.perf_counter()
        try:
            found = self._together(works)
            self._pace = (time.perf_counter() - begin) / max(1, sum(map(len, found)))
            return found
        except Exception as error:
            if len(works) == 1:
                return [error]
            return [one for work in works for one in self._compute([work])]

    def _together(self, works: Sequence[Work]) -> list[Answers]:
        if self._at_once:
            return [self._one(work) for work in works]
        works = [self._read(work.asked) if work.examples is None else work for work in works]
        read = [work.examples for work in works if work.examples is not None]
        examples = concatenate_examples(read)
        logits = self._replayed.logits(examples)
        strict = any(work.asked.strict for work in works)  # what is refused of several is asked again one by one
        predictions = answers(self.opened, examples, strict=strict, logits=logits)
        every = iter(self.uncertainty.beside(predictions, logits))
        return [list(islice(every, len(one) + len(one.left_out))) for one in read]

    def _one(self, work: Work) -> Answers:
        """Read and answer a request that is answered by itself."""
        asked = work.asked
        with self._paths(asked) as paths:
            inputs = paths if asked.array is None else asked.array
            given = (self.opened, self._plugins, inputs, asked.texts, asked.sampling)
            found = predict_opened(*given, strict=asked.strict)
        return [(one, None) for one in found]


def refusal_of(error: DLError) -> Refused:
    """Return an error as a refusal, without the places of files."""
    return Refused(status_of(error), without_places(line_of(error)), getattr(error, "retry", 0))


def has_one_core() -> bool:
    """Return whether this process has one core alone."""
    own = getattr(os, "sched_getaffinity", None)
    return (len(own(0)) if own else os.cpu_count()) == 1


def without_places(words: str) -> str:
    """Cut the private folder out of a line: a client knows its files by their names alone."""
    return PLACE.sub("", words)
