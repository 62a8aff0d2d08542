"""A study that several machines share: its trials in a storage, from which each worker draws and to which it tells.

A worker claims a trial, beats while it fits, and tells how it ended; where the beats of a trial have stopped, its
worker is dead and the trial is given up and tried again. No clocks are compared: a worker counts the time since it saw
the last beat itself. What stands in the storage of a trial are its point, the worker that claimed it, and how it ended.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rich.console import Console

from dl.errors import BadRun, CannotWrite, TrainingFailed
from dl.runs.manifest import MetricInfo
from dl.signals import StopFlag
from dl.stored import from_json
from dl.terminal import plain
from dl.tuning.search import GRID, distributions, importances, objective, sampler_of
from dl.tuning.space import Coordinate, Dimension, grid
from dl.tuning.storage import Place, errors_of_storage
from dl.tuning.study import FAILED, FINISHED, HOST, Trial

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

IDENTITY, CLAIM, BEAT, END, AGAIN = "dl", "dl:claim", "dl:beat", "dl:end", "dl:again"  # attributes in the storage
EVERY, DEAD_AFTER = 10.0, 90.0  # seconds between beats; without one
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, *[30.0] * 10)  # between tries while the storage is away
MOST_KILLS = 2  # of the workers of one trial, after which it has failed
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Identity:
    """What all workers of a study have to agree on.

    Args:
        data: Name of the data set, as the first worker calls it.
        fingerprint: Of all examples.
        val_fingerprint: Of the validation set.
        recipe: Every choice but the place of the data, as it is typed, by name.
        space: What is searched.
        sampler: How points are drawn.
        seed: Of the draws.
        metric: The headline metric.
        monitor: ``metric`` or ``loss``.
    """

    data: str
    fingerprint: str
    val_fingerprint: str
    recipe: dict[str, str]
    space: tuple[Dimension, ...]
    sampler: str
    seed: int
    metric: MetricInfo
    monitor: str

    @property
    def higher(self) -> bool:
        """Whether larger objectives are better."""
        return self.metric.higher and self.monitor == "metric"

    def difference(self, other: Identity) -> str:
        """Return in what another worker's study is another one; empty if it is the same."""
        if (other.fingerprint, other.val_fingerprint) != (self.fingerprint, self.val_fingerprint):
            return f"other data than {other.data} as it is here: their examples, or which of them validate, differ"
        for name in sorted(self.recipe | other.recipe):
            ours, theirs = (one.recipe.get(name, "off") for one in (self, other))
            if ours != theirs:
                return f"another recipe: {name} is {ours}, not {theirs}"
        if self.space != other.space:
            there, here = (", ".join(one.name for one in owner.space) for owner in (self, other))
            return f"other options: {there}, not {here}" if there != here else "the same options in other ranges"
        return "" if self.sampler == other.sampler else f"by --sampler {self.sampler}, not {other.sampler}"


@dataclass
class SharedStudy:
    """A study in a storage, as one worker sees it.

    Args:
        place: The storage.
        name: Of the study.
        console: For the line that the storage is away.
        flag: Of a signal.
        every: Seconds between beats.
        dead_after: Seconds without a beat after which a worker is dead.
        clock: Counts them.
    """

    place: Place
    name: str
    console: Console
    flag: StopFlag = field(default_factory=StopFlag)
    every: float = EVERY
    dead_after: float = DEAD_AFTER
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._study: optuna.Study | None = None
        self._storage: Any = None  # Any: optuna's storage
        self._seen = dict[int, tuple[object, float]]()  # the last beat of each running trial, and when it was seen

    def open(self, identity: Identity | None) -> Identity:
        """Open the study, and make it if it is new.

        Args:
            identity: Of this worker; None to look at a study alone.

        Returns:
            The identity in the storage.

        Raises:
            CannotWrite: If the storage cannot be opened.
            BadRun: If there is no such study, or it is another one.
        """
        try:
            return self._open(identity)
        except BaseException:
            self.close()
            raise

    def _open(self, identity: Identity | None) -> Identity:
        for tried in range(3):  # workers that begin at once may make the tables at once
            try:
                self._connect(None if identity is None else identity.higher)
                if identity and IDENTITY not in self.study.user_attrs:
                    self.study.set_user_attr(IDENTITY, json.loads(json.dumps(asdict(identity))))
                break
            except errors_of_storage() as error:
                if tried == 2 or "OperationalError" in type(error).__name__:
                    raise CannotWrite(f"cannot open --storage {self.place.shown}: {self._why(error)}") from None
                time.sleep(0.5)
        self.identity = self._known(identity)
        return self.identity

    def _known(self, own: Identity | None) -> Identity:
        stored = self.study.user_attrs.get(IDENTITY)
        if stored is None:
            raise BadRun(f"study {self.name!r} in {self.place.shown} was not made by dl; choose another --study")
        known = from_json(json.dumps(stored), Identity)
        if own and (other := known.difference(own)):
            raise BadRun(f"study {self.name!r} in {self.place.shown} tunes {other}  choose another --study")
        return known

    def _connect(self, higher: bool | None) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._storage = self.place.open()
        names = [one.study_name for one in optuna.get_all_study_summaries(self._storage, include_best_trial=False)]
        if higher is None and self.name not in names:
            known = f"  it has: {', '.join(names[:5])}" if names else "; it has none"
            raise BadRun(f"no study {self.name!r} in {self.place.shown}{known}")
        if higher is None:
            self._study = optuna.load_study(study_name=self.name, storage=self._storage)
            return
        direction: Literal["maximize", "minimize"] = "maximize" if higher else "minimize"
        self._study = optuna.create_study(
            storage=self._storage,
            study_name=self.name,
            direction=direction,
            load_if_exists=True,
            pruner=optuna.pruners.NopPruner(),
        )

    @property
    def study(self) -> optuna.Study:
        """Optuna's study."""
        assert self._study is not None
        return self._study

    def _why(self, error: Exception) -> str:
        """Return the reason of an error of the storage, a line without passwords."""
        inner = error.__cause__ or error
        cause = str(getattr(inner, "orig", None) or inner).strip().partition("\n")[0]
        return self.place.without_secrets(cause)[:200] or type(error).__name__

    def _kept(self, do: Callable[[], Answer]) -> Answer:
        """Do something with the storage; while it is away, try again with growing pauses.

        Raises:
            TrainingFailed: If it stays away.
        """
        away = ""
        for pause in (*PAUSES, None):
            try:
                answer = do()
                if away:
                    self._seen.clear()  # nobody could beat
                    self.console.print(plain("  the storage is back"))
                return answer
            except errors_of_storage() as error:
                if not away:
                    away = self._why(error)
                    self.console.print(plain(f"  the storage is away, it is tried again: {away}", longest=300))
                if pause is None or self.flag.received:
                    break
                self._sleep(pause)
                with contextlib.suppress(*errors_of_storage(), CannotWrite):
                    self._reconnect()
        kept = "the runs of the trials are kept  go on: the same command again"
        raise TrainingFailed(f"the storage {self.place.shown} is away: {away}; {kept}")

    def close(self) -> None:
        """Close the connections of a database."""
        engine = getattr(self._storage, "engine", None)
        if engine is not None:
            self._storage.remove_session()
            engine.dispose()

    def _reconnect(self) -> None:
        self.close()
        if self._study is not None and not self.place.is_away:
            import optuna

            storage = self.place.open()
            self._study = optuna.load_study(study_name=self.name, storage=storage)
            self._storage = storage

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.flag.received:
            time.sleep(min(0.2, seconds))

    def trials(self) -> tuple[Trial, ...]:
        """Return the trials of all workers, those that were given up aside."""
        return self._kept(lambda: tuple(filter(None, map(self._trial, self._all()))))

    def _all(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def _trial(self, stored: FrozenTrial) -> Trial | None:
        space = self.identity.space
        claim, end = stored.user_attrs.get(CLAIM), stored.user_attrs.get(END)
        if claim is None or len(stored.params) < len(space) or (end is None and stored.state.is_finished()):
            return None
        point: dict[str, Coordinate] = dict(stored.params)
        options = {one.name: one.value(point[one.name]) for one in space}
        return Trial(stored.number + 1, stored.number, point, options, **claim, **(end or {}))

    def claim(self, most: int, folder: Path) -> Trial | None:
        """Claim a trial: one that was given up, else a new point; None if there are so many already.

        Raises:
            BadRun: If the study in the storage has become another one.
        """
        self._kept(lambda: self._known(self.identity))
        self._kept(self._give_up_dead)
        return self._kept(lambda: self._claim(most, folder))

    def _claim(self, most: int, folder: Path) -> Trial | None:
        from optuna.trial import TrialState

        points = grid(self.identity.space, self.identity.seed) if self.identity.sampler == GRID else []
        known = self._all()
        if not any(one.state == TrialState.WAITING for one in known) and self._is_used_up(known, most, points):
            return None
        asked = self.study.ask()
        known = self._all()
        own, before = known[asked.number], known[: asked.number]
        if AGAIN not in own.user_attrs:
            if self._is_used_up(before, most, points):  # another worker was quicker
                self._set(own._trial_id, TrialState.FAIL)
                return None
            rank = _count_points(before)
            if rank == 0 or points:
                self._fix(own, points[rank - 1] if rank else {one.name: one.origin for one in self.identity.space})
        if not self._all()[asked.number].params:
            self.study.sampler = sampler_of(self.identity.sampler, self.identity.seed, asked.number + 1)
            for one in self.identity.space:
                _suggest(asked, one)
        asked.set_user_attr(CLAIM, {"host": HOST, "folder": str(folder.absolute())})
        return self._trial(self._all()[asked.number])

    def _is_used_up(self, known: Sequence[FrozenTrial], most: int, points: Sequence[object]) -> bool:
        """Return whether no new point follows these trials: of a budget, or of a grid."""
        counted = sum(map(_counts, known))
        return bool(most and counted >= most) or bool(points and _count_points(known) > len(points))

    def _fix(self, stored: FrozenTrial, point: Mapping[str, Coordinate]) -> None:
        """Give a trial its point."""
        for name, distribution in distributions(self.identity.space).items():
            value = distribution.to_internal_repr(point[name])
            self._storage.set_trial_param(stored._trial_id, name, value, distribution)

    def _set(self, trial_id: int, state: Any) -> bool:  # Any: optuna's state of a trial
        """End a trial that is not told; return whether it was still to be ended."""
        from optuna.exceptions import UpdateFinishedTrialError

        try:
            return bool(self._storage.set_trial_state_values(trial_id, state))
        except UpdateFinishedTrialError:
            return False

    def tell(self, trial: Trial) -> bool:
        """Tell how a trial ended; return whether it was still this worker's."""
        return self._kept(lambda: self._tell(trial))

    def _tell(self, trial: Trial) -> bool:
        stored = self._all()[trial.asked]
        if stored.state.is_finished():
            return stored.user_attrs.get(END) is not None
        left = ("number", "asked", "point", "options", "host", "folder")
        end = {name: value for name, value in asdict(trial).items() if name not in left}
        self._storage.set_trial_user_attr(stored._trial_id, END, end)
        self._end(stored, trial, objective(trial, self.identity.monitor))
        return True

    def _end(self, stored: FrozenTrial, trial: Trial, value: float | None) -> None:
        """Set the state of a trial whose end is written."""
        from optuna.trial import TrialState

        if trial.status == FAILED:
            self._set(stored._trial_id, TrialState.FAIL)
        elif trial.status == FINISHED:
            self.study.tell(stored.number, value, skip_if_finished=True)
        else:
            if value is not None:
                self._storage.set_trial_intermediate_value(stored._trial_id, trial.folds or trial.epochs, value)
            self.study.tell(stored.number, state=TrialState.PRUNED, skip_if_finished=True)

    def give_back(self, trial: Trial) -> None:
        """Give a trial back that a signal stopped, so that it is tried again."""
        self._kept(lambda: self._give_up(self._all()[trial.asked], killed=False))

    def _give_up(self, stored: FrozenTrial, *, killed: bool) -> None:
        """End a trial without a result, and queue its point anew; one whose workers were killed twice has failed."""
        from optuna.trial import TrialState

        kills = int(stored.user_attrs.get(AGAIN, 0)) + killed
        if kills >= MOST_KILLS:
            why = f"its worker was killed {kills} times, perhaps for want of memory"
            self._storage.set_trial_user_attr(stored._trial_id, END, {"status": FAILED, "message": why})
        if self._set(stored._trial_id, TrialState.FAIL) and stored.params and kills < MOST_KILLS:
            self.study.enqueue_trial(stored.params, user_attrs={AGAIN: kills})

    def _give_up_dead(self) -> None:
        """Give up the trials whose beats have stopped."""
        now, running = self.clock(), dict[int, tuple[object, float]]()
        for stored in self._running():
            beat = stored.user_attrs.get(BEAT)
            known = self._seen.get(stored.number)
            running[stored.number] = known if known and known[0] == beat else (beat, now)
            if now - running[stored.number][1] < self.dead_after:
                continue
            if END in stored.user_attrs:  # it was killed between two writes
                ended = Trial(stored.number + 1, stored.number, {}, {}, **stored.user_attrs[END])
                self._end(stored, ended, objective(ended, self.identity.monitor))
                continue
            self.console.print(plain(f"  trial {stored.number + 1} has lost its worker, and is tried again"))
            self._give_up(stored, killed=True)
        self._seen = running

    def _running(self) -> list[FrozenTrial]:
        from optuna.trial import TrialState

        return self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))

    def is_waiting(self) -> bool:
        """Return whether trials of other workers run, after a pause in which one may end or be given up."""
        if not self._kept(self._running) or self.flag.received:
            return False
        self._sleep(min(2.0, self.every))
        return not self.flag.received

    @contextmanager
    def beating(self, trial: Trial) -> Iterator[None]:
        """Tell the other workers inside this context that this one lives."""
        over = threading.Event()
        trial_id = self._kept(lambda: self._all()[trial.asked]._trial_id)

        def beat() -> None:
            count = 0
            while not over.wait(self.every):
                count += 1
                with contextlib.suppress(Exception):  # the storage is away: what waits for it says so
                    self._storage.set_trial_user_attr(trial_id, BEAT, count)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def importances(self) -> dict[str, float]:
        """Return the share of each option in how the scores of all finished trials differ."""
        return self._kept(lambda: importances(self.study, self.identity.seed))


def _counts(stored: FrozenTrial) -> bool:
    """Return whether a trial counts: it was not given up."""
    from optuna.trial import TrialState

    return stored.state != TrialState.FAIL or END in stored.user_attrs


def at_its_place(trial: Trial, folder: Path) -> Trial:
    """Return a trial without its place if that is this folder."""
    own = (trial.host, trial.folder) == (HOST, str(folder.absolute()))
    return replace(trial, host="", folder="") if own else trial


def _count_points(known: Sequence[FrozenTrial]) -> int:
    """Count the points that were drawn, those that were queued anew aside."""
    return sum(AGAIN not in one.user_attrs for one in known)


def _suggest(asked: optuna.Trial, one: Dimension) -> None:
    """Draw one coordinate."""
    if one.choices:
        asked.suggest_categorical(one.name, one.words)
    else:
        asked.suggest_float(one.name, one.lowest, 1.0)
