"""A fit on several devices: how many processes it takes here, and what is printed when they have ended."""

from __future__ import annotations

import os
from pathlib import Path

from dl.cli.json_output import error_document, last_document, print_document
from dl.cli.long_verbs import End
from dl.errors import DLError
from dl.launch import MOST_PER_CORE, STOP_CODES, is_first, is_started_elsewhere, launch, need_address
from dl.terminal import console, plain


def typed_places(where: tuple[str, str, str, str, int, str], resume: str, runs: Path) -> tuple[str, str, int]:
    """Return accelerator, devices and machines as typed; of a run that is resumed, those it had where none are."""
    accelerator, devices, _, _, nodes, _ = where
    if not resume or is_started_elsewhere(os.environ):
        return accelerator, devices, nodes
    from dl.training.devices import Devices
    from dl.training.resume import devices_of, find_resumable

    try:
        stored = devices_of(find_resumable(resume, runs), Devices(*where))
    except DLError:  # said once all that was typed is looked at
        return accelerator, devices, nodes
    return stored.accelerator, stored.devices, stored.num_nodes


def run_on_devices(arguments: list[str], accelerator: str, devices: str, nodes: int, *, as_json: bool) -> End | None:
    """Run these arguments in a process for each device, and return the end; None for one device.

    The document of the fit is that of the first process. One that was ended before it printed it has none: then this
    one prints how it ended.

    Raises:
        BadDevices: If this machine lacks the devices, or the machines of a fit on several are not named.
        TrainingFailed: If a process died, naming it.
    """
    if is_started_elsewhere(os.environ) or (devices in ("1", "auto") and accelerator == "cpu" and nodes == 1):
        return None
    count = int(devices) if accelerator == "cpu" and devices.isdecimal() and len(devices) < 4 else 0
    if not 1 <= count <= MOST_PER_CORE * (os.cpu_count() or 1):
        from dl.training.devices import Devices  # imports torch, which the process that watches does without

        count = Devices(accelerator, devices, num_nodes=nodes).count_here()
    if count * nodes == 1:
        return None
    need_address(os.environ, nodes)
    ended = launch(arguments, count, nodes, gathers=as_json)
    out = console(stderr=True)
    lines = ended.message.splitlines()
    for number, line in enumerate(lines):
        out.print(plain(line if number else f"dl: {line}", "" if number else "red", longest=2000), soft_wrap=True)
    why = lines[0] if lines else "stopped" if ended.code in STOP_CODES else ""
    if document := last_document(ended.output):
        print_document(document)
    elif as_json and (ended.code or is_first()):
        print_document(error_document(ended.code, "TrainingFailed" if lines else "KeyboardInterrupt", why))
    return End(ended.code, status="failed" if lines and not ended.told else "", verdict=lambda: why)
