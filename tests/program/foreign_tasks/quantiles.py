"""Quantile regression: three quantiles of a number, scored by the pinball loss.

Letters: ``N`` examples, ``K`` quantiles.
"""

from dl.hookspecs import hookimpl
from dl.specs import TaskSpec

dl_api = 4

QUANTILES = (0.1, 0.5, 0.9)


@hookimpl
def register_tasks():
    return (TaskSpec("quantiles", "quantiles of a number", load_quantiles, target_as="numbers"),)


def load_quantiles():
    import numpy as np

    from dl.tasks.baselines import Constant, constant
    from dl.tasks.targets import are_numbers, column_names
    from dl.tasks.task import TaskKind, metric, unchanged

    called = tuple(f"{quantile:.0%}".replace("%", " %") for quantile in QUANTILES)

    def pinball(preds, target):
        """Mean pinball loss over the quantiles, (N,). Source: Koenker and Bassett 1978."""
        off = target - preds
        return (off * (preds.new_tensor(QUANTILES) - (off < 0).to(off.dtype))).mean(dim=1)

    def pinball_loss(logits, target, reduction="mean"):
        each = pinball(logits, target)
        return each if reduction == "none" else each.mean()

    def words(values):
        return ", ".join(f"{name} {float(value):.4g}" for name, value in zip(called, values, strict=True))

    def of_training(target, info):
        found = np.quantile(target.reshape(-1), QUANTILES)
        return (Constant("training quantiles", f"always {words(found)}", (found - info.shift[0]) / info.scale[0]),)

    return TaskKind(
        name="quantiles",
        target="one column of real numbers",
        fits=lambda target: are_numbers(target) and target.size == len(target),
        names=column_names,
        outputs=lambda names: len(QUANTILES),
        scaled=True,
        activation=unchanged,
        loss=pinball_loss,
        metrics=(
            metric("pinball_loss", "mean", lambda preds, target: pinball(preds, target).mean(), higher=False),
            metric("mae", "mean", lambda preds, target: (preds[:, 1:2] - target).abs().mean(), higher=False),
        ),
        score=pinball,
        score_name="pinball_loss",
        answer=lambda answer, names: words(answer),
        answers=lambda names: called,
        baselines=constant(of_training),
    )
