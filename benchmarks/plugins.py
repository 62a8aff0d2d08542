"""What plugins cost at start: discovery and registration with 20 of them, each in a fresh process, without torch.

Asked for: at most 30 ms for 20 installed plugins. Beside it stands what Python's own `importlib.metadata` takes to find
and import these 20 and to call the two functions of each, with nothing checked and nothing kept apart.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import in_turn, publish, run_dl

PLUGINS = 20
ROUNDS = 11
SOURCE = """
from dl.hookspecs import hookimpl
from dl.options import Option
from dl.specs import DatasetSpec, ModelSpec


@hookimpl
def register_datasets():
    return [DatasetSpec("tiny-{number}", "vision", "of a benchmark", lambda options: None)]


@hookimpl
def register_models():
    return [ModelSpec("net-{number}", "vision", "of a benchmark", lambda *given: None, (Option("width", 8, "units"),))]
"""
HOST = """
import json, sys, time
import dl.cli.main
started = time.perf_counter()
from dl.plugins.loading import load_plugins
plugins = load_plugins()
print(json.dumps([1000 * (time.perf_counter() - started), len(plugins.states), "torch" in sys.modules]))
"""
PLAIN = """
import json, sys, time
import dl.cli.main, dl.specs
started = time.perf_counter()
from importlib.metadata import entry_points
found = [point.load() for point in entry_points(group="dl") if point.name.startswith("tiny-")]
registered = [(plugin.register_datasets(), plugin.register_models()) for plugin in found]
print(json.dumps([1000 * (time.perf_counter() - started), len(found), "torch" in sys.modules]))
"""


def main() -> None:
    """Print and keep the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        many, none = folder / "many", folder / "none"
        none.mkdir()
        for number in range(PLUGINS):
            install(many, number)
        kept = in_turn(
            {
                "dl's own plugins alone": lambda: measure(HOST, none),
                f"and {PLUGINS} more": lambda: measure(HOST, many),
                f"those {PLUGINS}, by importlib.metadata alone": lambda: measure(PLAIN, many),
                "dl ls, dl's own plugins alone": lambda: whole(none),
                f"dl ls, and {PLUGINS} more": lambda: whole(many),
            },
            ROUNDS,
        )
    alone, loaded, plain, *_ = (statistics.median(times) for times in kept.values())
    rows = [
        {"what": what, "median ms": round(statistics.median(times), 1), "least ms": round(min(times), 1)}
        for what, times in kept.items()
    ]
    note = (
        f"{PLUGINS} plugins add {loaded - alone:.1f} ms, {(loaded - alone) / PLUGINS:.2f} ms each; asked for: 30 ms; "
        f"the host with all takes {loaded / plain:.2f} of what importlib.metadata takes to find and import them"
    )
    publish("plugins", "Discovery and registration of plugins, fresh process, no torch", rows, note)


def install(folder: Path, number: int) -> None:
    """Write a distribution as an installer would."""
    info = folder / f"tiny_{number}-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"tiny_{number}.py").write_text(SOURCE.format(number=number))
    headers = f"Metadata-Version: 2.1\nName: tiny-{number}\nVersion: 1.0\nRequires-Dist: dl-workbench-core>=0.1\n\n"
    (info / "METADATA").write_text(headers + "A description. " * 200)
    (info / "entry_points.txt").write_text(f"[dl]\ntiny-{number} = tiny_{number}\n")


def measure(code: str, folder: Path) -> float:
    """Return the milliseconds that the code reports from a fresh process.

    Raises:
        RuntimeError: If torch was imported on the way, or a plugin was not found.
    """
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    milliseconds, found, torch = json.loads(done.stdout)
    if torch or found < len(list(folder.glob("*.dist-info"))):
        raise RuntimeError(f"torch imported: {torch}; plugins found: {found}")
    return float(milliseconds)


def whole(folder: Path) -> float:
    """Return the milliseconds of `dl ls`, from start to end."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(folder)
    try:
        return 1000 * run_dl("ls", folder=folder).seconds
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
