from dl_reports.statistics.agreement import Agreement


def test_loss_up_and_metric_flat_is_over_confidence():
    verdict = Agreement(loss_rises=True, metric_falls=False, loss_best=5, metric_best=6)
    assert verdict.over_confident
    assert not verdict.overfits_both


def test_loss_and_metric_turning_together_is_overfitting_in_both():
    verdict = Agreement(loss_rises=True, metric_falls=True, loss_best=5, metric_best=4)
    assert verdict.overfits_both
    assert not verdict.over_confident


def test_a_metric_that_goes_on_improving_is_apart():
    assert Agreement(loss_rises=True, metric_falls=True, loss_best=2, metric_best=8).apart
    assert not Agreement(loss_rises=False, metric_falls=True, loss_best=2, metric_best=8).apart


def test_a_loss_that_does_not_rise_says_nothing():
    verdict = Agreement(loss_rises=False, metric_falls=False, loss_best=9, metric_best=3)
    assert not verdict.over_confident
    assert not verdict.overfits_both
