import math
from dataclasses import replace

import numpy as np
import pytest

from dl.finding import Finding
from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo
from dl_reports.report import (
    Answer,
    BaselineRow,
    BestEpochScores,
    Bin,
    CalibrationCard,
    ClassRow,
    Command,
    ConfusedPair,
    Confusion,
    Curve,
    Curves,
    Example,
    Header,
    Report,
    Section,
    Unchecked,
    Verdict,
)

NAN = math.nan
EPOCHS = tuple(range(1, 21))
VAL_LOSS = tuple(0.42 + 0.9 * math.exp(-t / 1.5) + 0.02 * max(t - 5, 0) for t in EPOCHS)
PROBE_LOSS = tuple(1.6 * math.exp(-t / 3) for t in EPOCHS)
VAL_ACCURACY = tuple(0.9 - 0.3 * math.exp(-t / 2) - 0.0005 * max(t - 9, 0) for t in EPOCHS)
PROBE_ACCURACY = tuple(1 - 0.3 * math.exp(-t / 2.5) for t in EPOCHS)


def curve(part, values, spread):
    if not spread:
        return Curve(part, values, (NAN,) * len(values), (NAN,) * len(values))
    return Curve(part, values, tuple(v - spread for v in values), tuple(v + spread for v in values))


def ring(side=12):
    down, across = np.mgrid[:side, :side] - (side - 1) / 2
    return (255 * (np.abs(np.hypot(down, across) - side / 3) < 1)).astype(np.uint8)[..., None]


def header():
    return Header(
        run="0007-digits-dense",
        path="runs/0007-digits-dense",
        status="finished",
        message="",
        created="2026-03-01T09:30:00+00:00",
        task="multiclass",
        reason="3 classes, one for each example",
        domain="vision",
        data="digits",
        model="dense",
        parameters=669706,
        train=1000,
        val=2000,
        probe=1000,
        rule="drawn at random by class",
        test=True,
        metric=MetricInfo("accuracy", True, 1.0, "proportion"),
        loss="cross_entropy",
        epochs=20,
        planned=20,
        best_epoch=9,
        seconds=42.0,
    )


def small_report(name="seven"):
    names = ("one", name, "nine")
    counts = np.array([[650, 3, 1], [2, 600, 61], [0, 40, 643]])
    bins = tuple(
        Bin(c, Estimate(r, r - 0.04, min(r + 0.04, 1.0)), 400)
        for c, r in ((0.62, 0.5), (0.81, 0.63), (0.93, 0.8), (0.98, 0.93), (1.0, 0.99))
    )
    return Report(
        header=header(),
        ladder=(
            BaselineRow("majority", f"always '{name}'", Estimate(0.354, 0.333, 0.375), None, False),
            BaselineRow("prior", "each class at its share", Estimate(0.354, NAN, NAN), 1.0986, False),
            BaselineRow("dense", "", Estimate(0.8945, 0.8803, 0.9072), 0.4987, True),
        ),
        scores=BestEpochScores(
            9,
            Estimate(0.992, 0.984, 0.996),
            Estimate(0.8945, 0.8803, 0.9072),
            Estimate(0.0975, 0.083, 0.112),
            Estimate(0.8921, 0.877, 0.905),
        ),
        curves=Curves(
            EPOCHS,
            (
                curve("train", tuple(1.1 * v for v in PROBE_LOSS), 0),
                curve("probe", PROBE_LOSS, 0.01),
                curve("val", VAL_LOSS, 0.05),
            ),
            (curve("probe", PROBE_ACCURACY, 0.005), curve("val", VAL_ACCURACY, 0.014)),
            9,
            5,
            8,
            None,
        ),
        verdict=Verdict(
            "It overfits: since epoch 8 the validation loss has risen by 0.24 [0.21, 0.27], while accuracy stays.",
            "issue",
            answers=(
                Answer(
                    "skill",
                    "better",
                    "good",
                    f"better than always '{name}' by 54.05 points",
                    Estimate(0.5405, 0.51, 0.57),
                ),
                Answer(
                    "memorization",
                    "part",
                    "tip",
                    "a gap of 9.75 points, 15 % of what can be learnt, 92 % of what is left",
                    Estimate(0.0975, 0.083, 0.112),
                    share=Estimate(0.151, 0.128, 0.173),
                ),
                Answer(
                    "turn",
                    "loss",
                    "issue",
                    "loss since epoch 8, worse by 0.24",
                    Estimate(0.24, 0.21, 0.27),
                    of_loss=True,
                ),
            ),
        ),
        findings=(
            Finding(
                "fit-overfitting-loss",
                "issue",
                f"Validation loss rises from epoch 8 on, by 0.24 [0.21, 0.27]; it was least for '{name}' at epoch 5.",
                {},
                "dl fit vision digits --model dense epochs=5",
            ),
            Finding("fit-gap", "tip", "Accuracy is 9.75 points [8.30, 11.20] better on training examples.", {}, ""),
            Finding("data-small-validation", "note", "2,000 examples cannot show less than 1.3 points.", {}, ""),
        ),
        ignored=("fit-luck",),
        examples=(
            Example(17, "val", "hardest", "nine", name, 8.25, ring(), f"digits/nine/{name}-0017.png"),
            Example(23, "val", "hardest", name, "nine", 6.5, np.repeat(ring(), 3, axis=2)),
            Example(99, "probe", "suspect", "one", name, 5.125, f"a sentence about {name}"),
        ),
        confusion=Confusion(
            names, counts, (ConfusedPair(name, "nine", 61, 0.092), ConfusedPair("nine", name, 40, 0.0586)), 0
        ),
        classes=(
            ClassRow(name, 661, 640, Estimate(0.908, 0.8835, 0.9277), Estimate(0.9375, 0.9161, 0.9537), False),
            ClassRow("nine", 682, 701, Estimate(0.9413, 0.9211, 0.9566), Estimate(0.9158, 0.8929, 0.9342), False),
            ClassRow("eight", 657, 659, Estimate(1.0, 0.9942, 1.0), Estimate(0.997, 0.989, 0.9992), False),
        ),
        calibration=CalibrationCard(
            bins,
            2.07,
            Estimate(0.079, 0.066, 0.092),
            Estimate(0.012, 0.004, 0.021),
            Estimate(0.5, 0.45, 0.55),
            Estimate(0.34, 0.31, 0.37),
            Estimate(0.16, 0.12, 0.2),
        ),
        unchecked=(Unchecked("shift between the parts", "no features were kept"),),
        next=(
            Command(
                "dl fit vision digits --model dense --reg dropout=0.5",
                "against fit-overfit-loss",
                ("--reg random-shift=2", "--reg early-stopping=3", "--reg weight-averaging=0.99", "--reg l2=0.0001"),
            ),
            Command("dl fit vision digits --model dense epochs=5", "stop where validation loss is least"),
            Command("dl test 7", "evaluate on the test set once"),
        ),
        sections=(Section("fairness", ("equal for both groups",)),),
    )


@pytest.fixture
def report():
    """A small report of which everything is known."""
    return small_report()


@pytest.fixture
def named():
    """A function that makes the small report with another name of a class, everywhere where data may stand."""

    def make(name):
        made = small_report(name)
        said = replace(made.header, data=name, message=name, reason=name, model=name, run=name)
        return replace(
            made,
            header=said,
            verdict=Verdict(name, "tip", answers=(Answer(name, name, "tip", name),)),
            unchecked=(Unchecked(name, name),),
            next=(Command(name, name),),
            sections=(Section(name, (name,)),),
        )

    return make


@pytest.fixture
def empty():
    """The report of a run that ended before its first epoch."""
    made = small_report()
    return replace(
        made,
        header=replace(made.header, status="interrupted", epochs=0, best_epoch=None, message="stopped by a signal"),
        ladder=(),
        scores=None,
        curves=None,
        verdict=Verdict("No epoch was finished, so there is nothing to judge.", "issue"),
        findings=(),
        ignored=(),
        examples=(),
        confusion=None,
        calibration=None,
        sections=(),
        classes=(),
    )
