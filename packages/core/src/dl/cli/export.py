"""The command that exports a run."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated

import typer

from dl.cli.flags import DEFAULT_RUNS, Json, Runs, Which
from dl.terminal import console, plain


def add_to(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command(help=_EXPORT)(export)


_EXPORT = """Write a run's network for use without dl, with a model card.

Example: dl export last --to onnx

Preparation, thresholds and names go along. The answers on the validation part are compared with those of dl predict,
and nothing is written unless at least 99.99 % are the same.

Formats: onnx, torch (torch.export), safetensors, huggingface (a folder as on the hub), folder (with a loader that needs
torch and numpy alone).
"""


def export(
    run: Which = "last",
    to: Annotated[str, typer.Option("--to", help="onnx, torch, safetensors, huggingface or folder.")] = "onnx",
    out: Annotated[Path | None, typer.Option(help="File or folder to write. [the name of the run]")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    licence: Annotated[str, typer.Option(help="Licence of the weights, for the card, such as Apache-2.0.")] = "",
    data_licence: Annotated[str, typer.Option(help="Licence of the data, for the card.")] = "",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
) -> None:
    """Export, as `dl.export`."""
    import dl

    with redirect_stdout(sys.stderr):
        done = dl.export(run, to, out=out, force=force, licence=licence, data_licence=data_licence, runs=runs)
    if as_json:
        shown = {"path": str(done.path), "to": done.to, "files": [str(one) for one in done.files]}
        print(json.dumps({**shown, "agreement": done.agreement.as_dict(), "notes": list(done.notes)}))
        return
    screen = console()
    screen.print(plain(f"wrote {done.path}", "bold", longest=500), soft_wrap=True)
    for line in [str(done.agreement), *done.notes]:
        screen.print(plain(f"  {line}", longest=500))
    for path in done.files:
        if path.suffix == ".md":
            screen.print(plain(f"  model card: {path}", longest=500), soft_wrap=True)
