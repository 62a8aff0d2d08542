"""A fit in MLflow, read back by MLflow's own client."""

import pytest


@pytest.mark.check
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_mlflow_reads_curves_choices_scores_the_report_and_the_verdict(fit_rows, monkeypatch):
    from mlflow.tracking import MlflowClient

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run = fit_rows("mlflow")
    client = MlflowClient(f"sqlite:///{run.path.parent / 'mlflow.db'}")
    (kept,) = client.search_runs([client.get_experiment_by_name("dl").experiment_id])
    assert (kept.info.run_name, kept.info.status) == (run.name, "FINISHED")
    curve = client.get_metric_history(kept.info.run_id, "val_loss")
    assert [one.value for one in curve] == pytest.approx(run.history.column("val_loss"), rel=1e-6)
    assert kept.data.params["train.epochs"] == "2"
    report = run.report()
    assert kept.data.metrics["best/val/high"] == pytest.approx(report.scores["val"].high)
    assert kept.data.tags["verdict"] == report.verdict
    assert [one.path for one in client.list_artifacts(kept.info.run_id)] == ["report.html", "report.txt"]
    page = run.path.parent / "mlflow" / kept.info.run_id / "artifacts" / "report.html"
    assert "srcdoc" in page.read_text()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_database_that_is_replaced_while_it_is_written_is_an_error_and_no_traceback(tmp_path, monkeypatch, capfd):
    from dl_loggers.mlflow_run import DATABASE, build

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    folder = tmp_path / "runs" / "0001-wine-dense"
    folder.mkdir(parents=True)
    logger = build(folder, "dl")
    logger.log_metrics({"val_loss": 0.5}, step=1)
    database = folder.parent / DATABASE
    database.unlink()
    database.mkdir()
    capfd.readouterr()
    with pytest.raises(Exception, match="database"):
        for step in range(2, 5):
            logger.log_metrics({"val_loss": 0.4}, step=step)
    assert "Traceback" not in capfd.readouterr().err
