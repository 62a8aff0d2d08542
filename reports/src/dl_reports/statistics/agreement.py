"""Agreement of loss and metric: whether a rising loss means worse decisions or only over-confidence.

The loss punishes confidence in what is wrong, a metric counts decisions. Epochs count from 0 or from 1, alike for both.
"""

from dataclasses import dataclass

DATED_WITHIN = 2  # epochs to which the turn of a curve is dated


@dataclass(frozen=True)
class Agreement:
    """Whether loss and metric of one fit get worse, and when each was best.

    Attributes:
        loss_rises: Whether the loss is established to rise after its best epoch.
        metric_falls: Whether the metric is established to fall after its best epoch.
        loss_best: Epoch of the least loss.
        metric_best: Epoch of the best metric.
    """

    loss_rises: bool
    metric_falls: bool
    loss_best: int
    metric_best: int

    @property
    def apart(self) -> bool:
        """Whether the metric goes on improving after the rising loss, by more epochs than a turn is dated within."""
        return self.loss_rises and self.metric_best - self.loss_best > DATED_WITHIN

    @property
    def over_confident(self) -> bool:
        """Whether the loss rises while decisions do not get worse with it: calibrate, and choose by purpose."""
        return self.loss_rises and (not self.metric_falls or self.apart)

    @property
    def overfits_both(self) -> bool:
        """Whether loss and metric turn together."""
        return self.loss_rises and self.metric_falls and not self.apart
