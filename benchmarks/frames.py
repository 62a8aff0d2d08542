"""The next frame of moving digits: a convolutional LSTM beside the last frame, extrapolation and the mean frame.

Asked for: certainly better than the last frame. Errors are those of the validation set, in pairs, by whole sequences.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import dl
from benchmarks.measuring import publish
from dl.intervals import interval_of_mean
from dl.plugins.loading import load_plugins
from dl_reports.baseline import Lead, lead, rival_leads
from dl_reports.facts import Facts
from dl_reports.read import read

DATA, MODEL = "moving-digits", "conv-lstm"


def measure(data: str = DATA, **options: Any) -> list[dict[str, object]]:
    """Return a row for the network, with the time of its fit, and for each answer below it, with the network's lead."""
    with tempfile.TemporaryDirectory() as folder:
        busy, started = time.process_time(), time.perf_counter()
        run = dl.fit("frames", data, runs=Path(folder), **options)
        busy, seconds = time.process_time() - busy, time.perf_counter() - started
        facts = Facts(read(run), load_plugins())
        kept, epochs = run.outcomes("val"), len(run.history.rows)
        score = kept.score[(run.manifest.best_epoch or epochs) - 1]
        interval = interval_of_mean(score, kept.groups)
        own: dict[str, object] = {"mse": float(score.mean()), "from": interval.low, "to": interval.high}
        rows: list[dict[str, object]] = [{"answer": MODEL, **own, "epochs": epochs, "s": seconds, "busy s": busy}]
        leads = {one.baseline.name: one for one in (lead(facts), *rival_leads(facts)) if isinstance(one, Lead)}
        for one in run.manifest.baselines:
            found = leads.get(one.name)
            given = {"lead": found.lead, "from": found.interval.low, "to": found.interval.high} if found else {}
            rows.append({"answer": one.answer, "mse": one.score, **given})
        if data == DATA:
            tested = dl.evaluate(run)
            mse, low, high = tested.score
            rows.append({"answer": f"{MODEL}, test set", "mse": mse, "from": low, "to": high})
    return rows


def main() -> None:
    """Print and keep the table."""
    publish(
        "frames",
        "the next frame of moving digits, mean squared error of 250 validation sequences",
        measure(),
        "a lead is that of conv-lstm, in pairs, by whole sequences; busy s is processor time",
    )
