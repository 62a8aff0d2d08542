"""The search: optuna proposes points and learns how they ended. It is imported here alone, and on first use.

Its journal lies in the folder of the study. `study.json` is the truth: after a kill, what the journal lacks is told to
it, and a point that `study.json` does not know is given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dl.errors import BadOption, BadRun, nearest
from dl.tuning.space import Coordinate, Dimension, grid
from dl.tuning.storage import open_journal
from dl.tuning.study import FAILED, FINISHED, Study, Trial

if TYPE_CHECKING:
    import optuna

TPE, RANDOM, GRID = SAMPLERS = ("tpe", "random", "grid")
JOURNAL = "journal.log"
FEWEST_FINISHED = 8  # trials from which importances are estimated
STARTING = 8  # trials drawn at random before TPE has enough to go by


def check_sampler(name: str) -> None:
    """Refuse an unknown sampler.

    Raises:
        BadOption: Naming the known ones.
    """
    if name not in SAMPLERS:
        raise BadOption(f"--sampler {name}: expected one of {', '.join(SAMPLERS)}{nearest(name, SAMPLERS)}")


@dataclass(frozen=True)
class Search:
    """The search of a study.

    Args:
        folder: Of the study.
        space: What is searched.
        sampler: How points are drawn.
        seed: Of the draws.
        higher: Whether larger objectives are better.
    """

    folder: Path
    space: tuple[Dimension, ...]
    sampler: str
    seed: int
    higher: bool

    @classmethod
    def of(cls, study: Study) -> Search:
        """Return the search of a study."""
        higher = study.metric.higher and study.monitor == "metric"
        return cls(study.path, study.space, study.sampler, study.seed, higher)

    @cached_property
    def _optuna(self) -> optuna.Study:
        """Optuna's study, from its journal."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        storage = open_journal(self.folder / JOURNAL)
        direction: Literal["maximize", "minimize"] = "maximize" if self.higher else "minimize"
        pruner = optuna.pruners.NopPruner()  # trials are judged by `dl.tuning.pruning`
        return optuna.create_study(
            storage=storage, study_name="dl", direction=direction, load_if_exists=True, pruner=pruner
        )

    @cached_property
    def _told(self) -> set[int]:
        """Numbers in the journal of the trials whose end was recorded."""
        return set()

    @cached_property
    def points(self) -> list[dict[str, Coordinate]]:
        """The points of a grid, without the recipe's."""
        return grid(self.space, self.seed)

    def is_exhausted(self, done: int) -> bool:
        """Return whether a grid has no further point after so many trials, the recipe among them."""
        return self.sampler == GRID and done > len(self.points)

    def propose(self, number: int) -> Trial:
        """Return a new trial: the recipe as it stands for the first, else a point of the sampler.

        The draw depends on the seed, the number and the trials before alone, so a study that goes on after a kill is
        the one that it would have been.
        """
        study = self._optuna
        study.sampler = sampler_of(self.sampler, self.seed, number)
        if number == 1:
            study.enqueue_trial({one.name: one.origin for one in self.space})
        elif self.sampler == GRID:
            study.enqueue_trial(self.points[number - 2])
        asked = study.ask(distributions(self.space))
        point: dict[str, Coordinate] = dict(asked.params)
        return Trial(number, asked.number, point, {one.name: one.value(point[one.name]) for one in self.space})

    def tell(self, trial: Trial, monitor: str) -> None:
        """Record the end of a trial; nothing happens if it is recorded already."""
        from optuna.trial import TrialState

        if trial.asked in self._told:
            return
        self._told.add(trial.asked)
        study = self._optuna
        if trial.asked >= len(study.trials):
            raise BadRun(
                f"{self.folder / JOURNAL} lacks trial {trial.number}; the study cannot go on  start anew: dl tune"
            )
        if trial.status == FAILED:
            study.tell(trial.asked, state=TrialState.FAIL, skip_if_finished=True)
            return
        value = objective(trial, monitor)
        if trial.status == FINISHED:
            study.tell(trial.asked, value, skip_if_finished=True)
            return
        if study.trials[trial.asked].state.is_finished():
            return
        if value is not None:
            self._report(trial.asked, value, trial.folds or trial.epochs)
        study.tell(trial.asked, state=TrialState.PRUNED, skip_if_finished=True)

    def _report(self, asked: int, value: float, done: int) -> None:
        """Record how far a pruned trial came, which TPE learns from."""
        from optuna.trial import Trial as Asked

        study = self._optuna
        Asked(study, study.trials[asked]._trial_id).report(value, done)

    def give_up_unknown(self, trials: Sequence[Trial]) -> None:
        """Give up what only the journal knows: points that were drawn just before a kill."""
        from optuna.trial import TrialState

        known = {trial.asked for trial in trials}
        for one in self._optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING)):
            if one.number not in known and one.state == TrialState.RUNNING:
                self._optuna.tell(one.number, state=TrialState.FAIL)

    def importances(self) -> dict[str, float]:
        """Return the share of each option in how the scores of finished trials differ; empty for too few trials."""
        return importances(self._optuna, self.seed)


def distributions(space: Sequence[Dimension]) -> dict[str, Any]:  # Any: distributions of optuna
    """Return the distribution of the coordinates of each option."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    return {
        one.name: CategoricalDistribution(one.words) if one.choices else FloatDistribution(one.lowest, 1.0)
        for one in space
    }


def sampler_of(name: str, seed: int, number: int) -> optuna.samplers.BaseSampler:
    """Return the sampler of one trial."""
    import numpy as np
    from optuna.samplers import RandomSampler, TPESampler

    drawn = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    return TPESampler(seed=drawn, n_startup_trials=STARTING) if name == TPE else RandomSampler(seed=drawn)


def importances(study: optuna.Study, seed: int) -> dict[str, float]:
    """Return the share of each option in how the scores of finished trials differ; empty for too few trials.

    Source: Hutter, Hoos, Leyton-Brown 2014, functional ANOVA, by optuna, its forest seeded.
    """
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances
    from optuna.trial import TrialState

    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(done) < FEWEST_FINISHED or len({trial.value for trial in done}) < 2:
        return {}
    found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=seed % 2**32))
    return {name: round(float(share), 4) for name, share in found.items()}


def objective(trial: Trial, monitor: str) -> float | None:
    """Return what is optimized: the score of a trial, or its loss."""
    return None if trial.score is None else trial.score if monitor == "metric" else trial.loss
