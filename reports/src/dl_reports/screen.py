"""The screen at the end of a fit: score against the baselines, gap with interval, best epoch, what to do next."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dl.history import Row
from dl.intervals import Interval
from dl.manifest import Manifest
from dl.run import Run
from dl.scores import show_estimate, show_findings, show_value
from dl.terminal import plain
from dl.triple import Estimate

BAR = 30  # columns of the ladder's bars


def print_screen(run: Run, console: Console) -> None:
    """Print the screen of a run, whatever state it is in."""
    manifest, best = run.manifest, run.best
    console.print(plain(f"{run.name}: {manifest.status}", "bold"))
    if manifest.message:
        console.print(plain(f"  {manifest.message}", "yellow"))
    console.print(plain(f"  {manifest.task.name} - {manifest.task.reason}", "dim"))
    if not best:
        console.print("  no epoch was finished, so there is nothing to score")
    else:
        console.print(_ladder(manifest, best))
        console.print(_verdict(manifest, best))
        console.print(plain(f"  best epoch {manifest.best_epoch} of {len(run.history)}, {manifest.seconds:.0f} s"))
    show_findings(console, run.findings)
    console.print(plain(f"  kept in {run.path}"))
    if best:
        console.print(
            plain(f"  next: dl test {run.name.split('-')[0]}" if manifest.parts.test else "  next: dl ls runs")
        )


def _ladder(manifest: Manifest, best: Row) -> Table:
    """The baselines and the network on the validation part, worst first, with bars."""
    metric = manifest.task.headline
    network = Estimate(best[f"val_{metric.name}"], best["val_low"], best["val_high"])
    dumb = {one.says: one.score for one in sorted(manifest.baselines, key=lambda one: one.score)}
    scores = {**dumb, manifest.model: network.value}
    most = max(abs(score) for score in scores.values()) or 1.0
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1))
    table.add_column(f"  {metric.name} on validation", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name, score in scores.items():
        ours = name == manifest.model
        shown = show_estimate(metric, network) if ours else show_value(metric, score)
        bar = Text("━" * max(round(BAR * abs(score) / most), 1), style="green" if ours else "dim")
        table.add_row(plain(f"  {name}", "bold" if ours else ""), bar, shown)
    return table


def _verdict(manifest: Manifest, best: Row) -> Text:
    """One sentence on the gap between what it was trained on and what it was not."""
    metric = manifest.task.headline
    gap = Estimate(best["gap"], best["gap_low"], best["gap_high"])
    shown = show_estimate(metric, gap, signed=True)
    interval = Interval(gap.low, gap.high)
    if interval.low > 0:
        return plain(f"  gap {shown}: certainly better on what it was trained on", "yellow")
    if interval.holds(0):
        return plain(f"  gap {shown}: no certain difference between training and validation", "green")
    return plain(f"  gap {shown}: validation is certainly the easier part", "yellow")
