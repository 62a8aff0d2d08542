"""A fit in an offline run of Weights & Biases, read back from its file by the package's own messages."""

import json
import struct
import time

import pytest

BLOCK, HEAD = 32_768, 7  # bytes of a block of LevelDB's log, and of the head of a piece: checksum, length, kind
FULL, LAST = 1, 4


def records(path):
    """Read a file of a run: a head, then records in the format of LevelDB's logs."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, at, pieces = path.read_bytes(), HEAD, b""
    while at + HEAD <= len(content):
        if BLOCK - at % BLOCK < HEAD:  # too short for another piece
            at += BLOCK - at % BLOCK
        length, kind = struct.unpack_from("<HB", content, at + 4)
        pieces += content[at + HEAD : at + HEAD + length]
        at += HEAD + length
        if at > len(content):  # not written yet
            return
        if kind in (FULL, LAST):
            yield Record.FromString(pieces)
            pieces = b""


def ended(path):
    """Return the records of a run when its last one is written, by a process of the package's own."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = list(records(path))
        if any(one.HasField("exit") for one in found):
            return found
        time.sleep(0.05)
    raise AssertionError("the run has not ended")


@pytest.mark.check
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_wandb_reads_curves_choices_scores_the_report_and_the_verdict(fit_rows, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    run = fit_rows("wandb")
    (path,) = (run.path / "wandb").glob("offline-run-*/run-*.wandb")
    found = ended(path)
    rows = [{item.key or item.nested_key[0]: item.value_json for item in one.history.item} for one in found]
    losses = [float(row["val_loss"]) for row in rows if "val_loss" in row]
    assert losses == pytest.approx(run.history.column("val_loss"), rel=1e-6)
    chosen = {item.key or item.nested_key[0]: item.value_json for one in found for item in one.config.update}
    assert chosen["train.epochs"] == "2"
    report = run.report()
    summary = {item.key or item.nested_key[0]: item.value_json for one in found for item in one.summary.update}
    assert json.loads(summary["verdict"]) == report.verdict
    assert float(summary["best/val/low"]) == pytest.approx(report.scores["val"].low)
    tags = [tag for one in found for tag in one.run.tags]
    assert any(tag.startswith("skill:") for tag in tags)
    kept = [one.path for record in found for one in record.request.log_artifact.artifact.manifest.contents]
    kept += [one.path for record in found for one in record.artifact.manifest.contents]
    assert sorted(kept) == ["report.html", "report.txt"]
    assert [one.exit.exit_code for one in found if one.HasField("exit")] == [0]
