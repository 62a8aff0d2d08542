"""The lessons in their order, which is that of the work: texts and commands; `reading` has what the results say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dl.runs.ledger import LEDGER
from dl.tutorial import reading
from dl.tutorial.course import RECIPE
from dl.tutorial.draw import DIGIT
from dl.tutorial.progress import RUNS, Standing

Words = tuple[str, ...]  # of a command, after dl
FEW = 5_000  # training examples, up to which folds take little time


@dataclass(frozen=True)
class Lesson:
    """A step of the tutorial.

    Args:
        name: For the file of the progress.
        title: In a few words.
        why: What is done and why, in two or three sentences.
        commands: Returns the commands to run; none where there is nothing to run.
        read: Returns what the results say, a paragraph each, from the files of the runs.
        needs: Lessons whose runs the commands name.
    """

    name: str
    title: str
    why: str
    commands: Callable[[Standing], Sequence[Words]]
    read: Callable[[Standing], Sequence[str]]
    needs: tuple[str, ...] = ()


def _look(at: Standing) -> Sequence[Words]:
    return [("show", at.course.data)]


def _baseline(at: Standing) -> Sequence[Words]:
    return [("baseline", at.course.data)]


def _fit(at: Standing) -> Words:
    return ("fit", at.course.data, "--recipe", RECIPE)


def _small(at: Standing) -> Sequence[Words]:
    return [(*_fit(at), *at.course.scale.small)]


def _large(at: Standing) -> Sequence[Words]:
    return [(*_fit(at), *at.course.scale.large)]


def _regularized(at: Standing) -> Sequence[Words]:
    return [(*_fit(at), *at.course.scale.large, *at.course.scale.remedies)]


def _compare(at: Standing) -> Sequence[Words]:
    return [("compare", at.progress.number("overfit"), at.progress.number("regularize"))]


def _tune(at: Standing) -> Sequence[Words]:
    width, _ = at.course.scale.small
    search = ("--trials", "3", "--over", reading.OVER, width, "epochs=1")
    return [("tune", at.course.data, "--recipe", RECIPE, *search)]


def _folds(at: Standing) -> Sequence[Words]:
    few = reading.facts(at).get("train", 0) <= FEW
    data = at.course.data if few else at.course.scale.folds
    return [("cv", data, "--recipe", RECIPE, "epochs=10", "--protocol", "kfold:4")]


def _test(at: Standing) -> Sequence[Words]:
    opened = (at.folder / RUNS / LEDGER).exists()
    return [("test", reading.chosen(at).number)] if reading.has_test(at) and not opened else []


def _export(at: Standing) -> Sequence[Words]:
    number = reading.chosen(at).number
    commands: list[Words] = [("export", number, "--to", "folder", "--out", reading.EXPORTED, "--force")]
    return [*commands, ("predict", number, DIGIT)] if at.course.has_digits else commands


LESSONS = (
    Lesson(
        "look",
        "look at the data",
        "What goes in, what is to come out, how many examples of each kind? Every later surprise is cheaper here. "
        "The test set stays closed until the end: nobody can then choose by it, not even by accident.",
        _look,
        reading.read_look,
    ),
    Lesson(
        "baseline",
        "the number to beat",
        "A score means nothing alone. A constant answer needs no look at the input, a cheap learner takes seconds: a "
        "network has to beat the first to have learnt anything, and the second to be worth its time.",
        _baseline,
        reading.read_baseline,
    ),
    Lesson(
        "fit",
        "a small network",
        "Begin small: a network that is fitted in seconds shows whether data, task and loss fit together. It is to "
        "beat the constant answer, no more. The report at its end reads itself from the top: verdict, then grounds.",
        _small,
        reading.read_small,
    ),
    Lesson(
        "overfit",
        "overfit on purpose",
        "Now a network with far more units, trained for longer, and nothing that holds it back. It is meant to learn "
        "the training examples by heart: only a network that can overfit is large enough, and only then there is "
        "something to regularize.",
        _large,
        reading.read_large,
        ("fit",),
    ),
    Lesson(
        "regularize",
        "regularize",
        "The same network, with random changes that make single examples hard to remember. Training gets harder; new "
        "examples should get easier. Scoring is never disturbed, so both runs can be compared.",
        _regularized,
        reading.read_regularized,
        ("overfit",),
    ),
    Lesson(
        "compare",
        "did it help, or was it luck?",
        "Two scores differ always. Both networks answered the same validation examples, so they can be compared one by "
        "one, which tells smaller differences from luck than two separate scores do.",
        _compare,
        reading.read_compared,
        ("overfit", "regularize"),
    ),
    Lesson(
        "tune",
        "tune, a little",
        "Options are tuned last, and few of them: the learning rate first. Each trial is a short fit of the small "
        "network. The best of many trials is partly luck, so dl says how much to take off.",
        _tune,
        reading.read_tuned,
    ),
    Lesson(
        "folds",
        "hold-out or folds?",
        "All scores so far rest on one part that was held out once. With many examples that is enough. With few, which "
        "examples were held out is luck: k-fold holds out each of them once, at the cost of k fits.",
        _folds,
        reading.read_folds,
    ),
    Lesson(
        "test",
        "the test set, once",
        "Epochs, sizes and remedies were all chosen on the validation set, so its score has become a little too good. "
        "The test set was never looked at. It is opened once, with the network that is to be used, and nothing is "
        "changed after it.",
        _test,
        reading.read_tested,
        reading.FITS,
    ),
    Lesson(
        "export",
        "use it",
        "A network has to leave its run folder to be of use. An export takes preparation and names along and is "
        "compared with dl's own answers before it is written; beside it lies a card that says what it was trained on.",
        _export,
        reading.read_exported,
        reading.FITS,
    ),
    Lesson(
        "next",
        "what next",
        "That was the order of work. The same, with your own data:",
        lambda _: (),
        reading.read_next,
    ),
)
