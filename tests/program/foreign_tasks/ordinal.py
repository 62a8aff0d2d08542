"""Ordinal regression: classes in an order, told by one logit for each border between two neighbours.

Letters: ``N`` examples, ``K`` classes.
"""

from dl.hookspecs import hookimpl
from dl.specs import TaskSpec

dl_api = 4


@hookimpl
def register_tasks():
    return (TaskSpec("ordinal", "classes in an order, by how many ranks off", load_ordinal, target_as="classes"),)


def load_ordinal():
    import torch
    from torch.nn import functional as F

    from dl.tasks.baselines import Constant, constant, log_odds
    from dl.tasks.targets import are_classes, as_class_numbers, check_classes, class_names
    from dl.tasks.task import TaskKind, metric

    def above(target, info):
        """Whether each example is above each border, (N, K - 1)."""
        return (as_class_numbers(target, info)[:, None] > torch.arange(info.outputs)).float()

    def cumulative_cross_entropy(logits, target, reduction="mean"):
        """Binary cross-entropy of each border, summed. Source: Cheng, Wang and Pollastri 2008."""
        each = F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(dim=1)
        return each if reduction == "none" else each.mean()

    def rank(preds):
        return (preds > 0.5).sum(dim=1)

    def ranks_off(preds, target):
        return (rank(preds) - target).abs().float()

    def median(target, info):
        shares = (target[:, None] > range(info.outputs)).mean(axis=0)  # of a median class more than half lie below it
        return (Constant("median", f"always {info.names[int((shares > 0.5).sum())]!r}", log_odds(shares)),)

    return TaskKind(
        name="ordinal",
        target="classes in an order",
        fits=are_classes,
        check=check_classes,
        names=class_names,
        outputs=lambda names: len(names) - 1,
        encode=above,
        decode=lambda encoded, info: encoded.sum(dim=1).long(),
        activation=torch.sigmoid,
        loss=cumulative_cross_entropy,
        metrics=(
            metric("mean_rank_error", "mean", lambda preds, target: ranks_off(preds, target).mean(), higher=False),
            metric("accuracy", "proportion", lambda preds, target: (rank(preds) == target).float().mean()),
        ),
        score=ranks_off,
        score_name="mean_rank_error",
        predicted=rank,
        answer=lambda answer, names: names[int(answer)],
        answers=lambda names: tuple(f"above {name}" for name in names[:-1]),
        margin=lambda logits, target: ((2 * target - 1) * logits).amin(dim=1),
        has_classes=True,
        baselines=constant(median),
    )
