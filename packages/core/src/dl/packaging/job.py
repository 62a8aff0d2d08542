"""Write the job file with which SLURM runs a fit on many devices, puts it back into its queue and goes on.

Shortly before the time of the job is up, or when it is preempted, SLURM sends SIGTERM to the fit, which saves its
state, prints its report and exits with 143; the job is then queued again under its number, and goes on.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from dl import files
from dl.errors import BadOption, CannotWrite

NOTICE = 180  # seconds between SIGTERM and the end of the job
STOPPED = 143  # exit code after SIGTERM
TIME = re.compile(r"(\d+-)?\d{1,2}(:\d{2}){0,2}|\d+(:\d{2})?")
OF_JOB = ("--devices", "--num-nodes", "--runs", "--resume", "--resume-if-exists")  # flags that the job sets

JOB = """#!/bin/bash
#SBATCH --job-name=dl-fit
#SBATCH --nodes={nodes}
#SBATCH --ntasks-per-node={devices}
{hardware}#SBATCH --time={time}
#SBATCH --signal=TERM@{notice}
#SBATCH --requeue
#SBATCH --open-mode=append

# A process for each device. {notice} seconds before the time is up they are told to stop: they save their state and
# exit with {stopped}. Each job has a folder of runs, in which it finds its own run again.
srun --kill-on-bad-exit=1 dl fit {words} --devices {devices} --num-nodes {nodes} \\
    --runs "runs/job-$SLURM_JOB_ID" --resume-if-exists
code=$?
if [ "$code" -eq {stopped} ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
"""


def write_job(
    words: Sequence[str], path: Path, nodes: int, devices: int, time: str, accelerator: str, cpus: int
) -> Path:
    """Write a job file, and return its path.

    Args:
        words: Arguments of ``dl fit``.
        path: Of the file, which must not exist.
        nodes: Number of machines.
        devices: Of each machine.
        time: Longest time of the job, as SLURM reads it: ``DAYS-HH:MM:SS``.
        accelerator: ``gpu``, ``cpu``, ...
        cpus: Cores for each process.

    Raises:
        BadOption: If a number or the time does not fit, or a word is the job's own.
        CannotWrite: If the file exists or cannot be written.
    """
    if min(nodes, devices, cpus) < 1:
        raise BadOption("--nodes, --devices and --cpus are at least 1")
    if not TIME.fullmatch(time):
        raise BadOption(f"--time {time!r} is no time of SLURM  example: 04:00:00, or 1-12:00:00")
    if own := [word for word in words if word.split("=")[0] in OF_JOB]:
        raise BadOption(f"{own[0]} is set by the job; leave it out  see: dl new slurm --help")
    if path.exists():
        raise CannotWrite(f"{str(path)!r} exists already, and is not overwritten  choose another: --file PATH")
    hardware = f"#SBATCH --cpus-per-task={cpus}\n"
    hardware += f"#SBATCH --gpus-per-node={devices}\n" if accelerator in ("gpu", "cuda") else ""
    given = {"nodes": nodes, "devices": devices, "time": time, "notice": NOTICE, "stopped": STOPPED}
    every = shlex.join([*words, "--accelerator", accelerator])
    files.make_folder(path.absolute().parent)
    files.write_text(path, JOB.format(hardware=hardware, words=every, **given))
    return path
