"""What a fit keeps each epoch, and which epoch is the best."""

import pytest

from dl.inference.load import reopen
from dl.runs.outcomes import read_logits


def test_the_history_has_a_row_an_epoch_and_steps_are_counted(fit, blobs):
    run = fit(blobs(n=90), epochs=3, batch_size=10)
    assert run.history.column("epoch") == [1.0, 2.0, 3.0]
    assert run.history.column("step") == [8.0, 16.0, 24.0]  # 72 examples: seven batches of ten, one of two
    for row in run.history.rows:
        assert row["val_low"] <= row["val_accuracy"] <= row["val_high"]
        assert row["gap"] == pytest.approx(row["probe_accuracy"] - row["val_accuracy"])


def test_outcomes_belong_to_the_scores_of_their_epoch(fit, blobs):
    run = fit(blobs(), epochs=3, lr=0.01)
    for part in ("val", "probe"):
        kept = run.outcomes(part)
        assert kept.score.mean(axis=1) == pytest.approx(run.history.column(f"{part}_accuracy"))
        assert kept.loss.astype(float).mean(axis=1) == pytest.approx(run.history.column(f"{part}_loss"), rel=2e-3)
        assert ((kept.margin > 0) == kept.score).all()


def test_the_best_weights_are_those_of_the_best_epoch(fit, blobs, plugins_with):
    given = blobs(4, n=120)
    run = fit(given, epochs=6, lr=1.0, optimizer="sgd", batch_size=8)
    opened = reopen(run, plugins_with(given=given))
    ids = run.outcomes("val").ids
    logits = opened.logits(given.train.take(ids))
    assert logits.numpy() == pytest.approx(read_logits(run.outcomes_folder, "best"), rel=2e-3, abs=2e-3)
    scores = [(row["val_accuracy"], -row["val_loss"]) for row in run.history.rows]
    assert run.manifest.best_epoch == scores.index(max(scores)) + 1


def test_the_best_epoch_can_be_chosen_by_the_loss(fit, blobs):
    run = fit(blobs(4, n=120), epochs=6, lr=1.0, optimizer="sgd", batch_size=8, monitor="loss")
    losses = run.history.column("val_loss")
    assert run.manifest.best_epoch == losses.index(min(losses)) + 1
