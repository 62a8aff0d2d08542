"""The plugin of regularizers for every domain. Registering imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import Option, Options, Space
from dl.specs import RegularizerSpec

if TYPE_CHECKING:
    from dl.regularizer import Regularizer
    from dl.tasks.task import Task

EVERY = Option("every", False, "include biases and the parameters of norm layers")


@hookimpl
def register_regularizers() -> tuple[RegularizerSpec, ...]:
    """Register the remedies of the book, and some more recent ones."""
    return (
        RegularizerSpec(
            "shrink",
            "network",
            "make the network smaller: fewer units in every layer",
            _shrink,
            (Option("factor", 0.5, "factor of the number of units", low=0.001, high=1.0),),
            rank=10,
            remedy="0.5",
            offered=35,
        ),
        RegularizerSpec(
            "dropout",
            "network",
            "apply dropout before each dense layer except the first; for a network without active dropout",
            _dropout,
            (Option("rate", 0.5, "dropout rate", low=0.0, high=0.99, space=Space(0.1, 0.7)),),
            remedy="0.5",
        ),
        RegularizerSpec(
            "noise",
            "batch",
            "add Gaussian noise to prepared inputs",
            _noise,
            (
                Option(
                    "scale",
                    0.1,
                    "standard deviation; that of prepared inputs is about 1",
                    low=0.0,
                    high=1000.0,
                    space=Space(0.01, 0.5, log=True),
                ),
            ),
        ),
        RegularizerSpec(
            "mixup",
            "batch",
            "mix each example with another of its batch, and their losses by the same shares",
            _mixup,
            (
                Option(
                    "alpha",
                    0.2,
                    "parameter of the beta distribution; 1 is uniform",
                    low=0.001,
                    high=100.0,
                    space=Space(0.05, 1.0, log=True),
                ),
            ),
            rank=90,
        ),
        RegularizerSpec(
            "missing",
            "batch",
            "make cells of tables missing, so that the network learns to do without any of them",
            _missing,
            (Option("share", 0.1, "share of the cells", low=0.0, high=1.0, space=Space(0.02, 0.3, log=True)),),
            only_for="tabular",
            needs=(("gaps", "all"),),
            linear=False,
        ),
        RegularizerSpec(
            "l1",
            "penalty",
            "add strength times the sum of absolute weights to the loss",
            _l1,
            (
                Option("strength", 1e-5, "factor of the sum", low=0.0, high=1000.0, space=Space(1e-7, 1e-3, log=True)),
                EVERY,
            ),
        ),
        RegularizerSpec(
            "l2",
            "penalty",
            "add strength times the sum of squared weights to the loss (decoupled: weight_decay= of adamw)",
            _l2,
            (
                Option("strength", 1e-4, "factor of the sum", low=0.0, high=1000.0, space=Space(1e-6, 1e-2, log=True)),
                EVERY,
            ),
            remedy="0.0001",
            offered=30,
        ),
        RegularizerSpec(
            "label-smoothing",
            "training",
            "smooth the targets of classes or labels",
            _label_smoothing,
            (
                Option(
                    "share",
                    0.1,
                    "share of a target spread over all classes",
                    low=0.0,
                    high=0.99,
                    space=Space(0.02, 0.3, log=True),
                ),
            ),
            tasks=("binary", "multiclass", "multilabel"),
            remedy="0.1",
            offered=20,
        ),
        RegularizerSpec(
            "class-weights",
            "training",
            "weigh the loss of each example by how rare its class is",
            _class_weights,
            (
                Option(
                    "power",
                    0.5,
                    "of a class's rarity: 0 weighs all alike, 1 gives each class as much",
                    high=1.0,
                    low=0.0,
                ),
            ),
            tasks=("binary", "multiclass"),
            linear=False,
        ),
        RegularizerSpec(
            "resample",
            "training",
            "draw the examples of rare classes more often",
            _resample,
            (
                Option(
                    "power",
                    0.5,
                    "of a class's rarity: 0 draws all alike, 1 each class as often",
                    low=0.0,
                    high=1.0,
                ),
            ),
            tasks=("binary", "multiclass"),
            linear=False,
        ),
        RegularizerSpec(
            "focal",
            "training",
            "weigh the loss of each example by how wrong its answer is",
            _focal,
            (Option("gamma", 2.0, "power of the chance of a wrong answer; 0 weighs all alike", low=0.0, high=10.0),),
            tasks=("binary", "multiclass", "multilabel"),
            rank=70,
            linear=False,
        ),
        RegularizerSpec(
            "max-norm",
            "training",
            "bound the norm of the weights into each unit after each step",
            _max_norm,
            (Option("bound", 3.0, "largest norm", low=0.001, high=1e6, space=Space(1.0, 5.0, log=True)),),
        ),
        RegularizerSpec(
            "weight-averaging",
            "training",
            "evaluate and save an exponential moving average of the weights",
            _weight_averaging,
            (
                Option(
                    "decay",
                    0.99,
                    "decay of the average per step",
                    low=0.0,
                    high=1.0,
                    space=Space(choices=(0.9, 0.99, 0.999)),
                ),
            ),
            rank=60,
        ),
        RegularizerSpec(
            "early-stopping",
            "training",
            "stop the fit when the validation score has not improved for some epochs",
            _early_stopping,
            (
                Option("patience", 3, "epochs without an improvement", low=1),
                Option("by", "loss", "monitor the validation loss or metric", choices=("loss", "metric")),
            ),
            rank=90,
            remedy="3",
            offered=40,
        ),
    )


def _shrink(options: Options, _task: Task) -> Regularizer:
    from dl_regularizers.networks import shrink

    return shrink(float(options["factor"]))


def _dropout(options: Options, _task: Task) -> Regularizer:
    from dl_regularizers.networks import dropout

    return dropout(float(options["rate"]))


def _noise(options: Options, _task: Task) -> Regularizer:
    from dl_regularizers.batches import noise

    return noise(float(options["scale"]))


def _mixup(options: Options, _task: Task) -> Regularizer:
    from dl_regularizers.batches import mixup

    return mixup(float(options["alpha"]))


def _missing(options: Options, _task: Task) -> Regularizer:
    from dl_regularizers.batches import missing

    return missing(float(options["share"]))


def _l1(options: Options, _task: Task) -> Regularizer:
    from dl_regularizers.penalties import l1

    return l1(float(options["strength"]), every=bool(options["every"]))


def _l2(options: Options, _task: Task) -> Regularizer:
    from dl_regularizers.penalties import l2

    return l2(float(options["strength"]), every=bool(options["every"]))


def _label_smoothing(options: Options, task: Task) -> Regularizer:
    from dl_regularizers.training import label_smoothing

    return label_smoothing(float(options["share"]), task)


def _class_weights(options: Options, task: Task) -> Regularizer:
    from dl_regularizers.training import class_weights

    return class_weights(float(options["power"]), task)


def _resample(options: Options, task: Task) -> Regularizer:
    from dl_regularizers.training import resample

    return resample(float(options["power"]), task)


def _focal(options: Options, task: Task) -> Regularizer:
    from dl_regularizers.training import focal

    return focal(float(options["gamma"]), task)


def _max_norm(options: Options, _task: Task) -> Regularizer:
    from dl_regularizers.training import max_norm

    return max_norm(float(options["bound"]))


def _weight_averaging(options: Options, _task: Task) -> Regularizer:
    from dl_regularizers.training import weight_averaging

    return weight_averaging(float(options["decay"]))


def _early_stopping(options: Options, _task: Task) -> Regularizer:
    from dl_regularizers.training import early_stopping

    return early_stopping(int(options["patience"]), str(options["by"]))
