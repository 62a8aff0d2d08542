"""A fit in TensorBoard, read back by TensorBoard's own reader."""

import pytest


def test_tensorboard_reads_curves_choices_scores_and_the_verdict(fit_rows):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    run = fit_rows("tensorboard")
    read = EventAccumulator(str(run.path / "logs")).Reload()
    curve = read.Scalars("val_loss")
    assert [one.step for one in curve] == [int(row["step"]) for row in run.history.rows]
    assert [one.value for one in curve] == pytest.approx(run.history.column("val_loss"), rel=1e-6)
    report = run.report()
    assert read.Scalars("best/val/low")[0].value == pytest.approx(report.scores["val"].low)
    (verdict,) = read.Tensors("verdict/text_summary")
    assert verdict.tensor_proto.string_val[0].decode() == report.verdict
    begun = HParamsPluginData.FromString(read.SummaryMetadata("_hparams_/session_start_info").plugin_data.content)
    assert begun.session_start_info.hparams["train.epochs"].number_value == 2
