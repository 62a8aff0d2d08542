import os
import subprocess

import pytest

from dl.errors import BadOption, CannotWrite
from dl.packaging.job import write_job

GIVEN = {"nodes": 2, "devices": 4, "time": "1-12:00:00", "accelerator": "gpu", "cpus": 8}
SRUN = '#!/bin/bash\necho "$@"\nexit $CODE\n'
SCONTROL = '#!/bin/bash\necho scontrol "$@"\n'


@pytest.fixture
def submit(tmp_path):
    """A function that runs a job file beside an srun that prints its arguments and exits with a code."""
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def run(path, code):
        known = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "42", "CODE": str(code)}
        return subprocess.run(["bash", path], env=known, capture_output=True, text=True, check=False)

    return run


def test_a_job_asks_for_a_process_and_a_gpu_for_each_device_and_is_told_before_its_end(tmp_path):
    text = write_job(["vision", "mnist"], tmp_path / "fit.sbatch", **GIVEN).read_text()
    asked = {line.removeprefix("#SBATCH --") for line in text.splitlines() if line.startswith("#SBATCH")}
    assert {"nodes=2", "ntasks-per-node=4", "gpus-per-node=4", "cpus-per-task=8", "time=1-12:00:00"} <= asked
    assert {"signal=TERM@180", "requeue"} <= asked


@pytest.mark.parametrize(("code", "queued"), [(143, True), (0, False), (1, False)])
def test_a_job_that_was_stopped_in_time_is_queued_again_and_no_other(submit, tmp_path, code, queued):
    path = write_job(["vision", "my data", "epochs=30"], tmp_path / "fit.sbatch", **GIVEN)
    done = submit(path, code)
    assert done.returncode == code and ("scontrol requeue 42" in done.stdout) is queued and done.stderr == ""
    assert "dl fit vision my data epochs=30 --accelerator gpu --devices 4 --num-nodes 2" in done.stdout
    assert done.stdout.splitlines()[0].endswith("--runs runs/job-42 --resume-if-exists")


@pytest.mark.parametrize(
    ("words", "given", "message"),
    [
        (["vision", "mnist", "--devices=2"], {}, "--devices=2 is set by the job"),
        (["vision", "mnist"], {"time": "soon"}, "'soon' is no time of SLURM"),
        (["vision", "mnist"], {"nodes": 0}, "at least 1"),
    ],
)
def test_what_does_not_fit_a_job_is_refused(tmp_path, words, given, message):
    with pytest.raises(BadOption, match=message):
        write_job(words, tmp_path / "fit.sbatch", **(GIVEN | given))
    assert not list(tmp_path.iterdir())


def test_a_file_that_exists_is_not_overwritten(tmp_path):
    (tmp_path / "fit.sbatch").write_text("mine")
    with pytest.raises(CannotWrite, match="exists already"):
        write_job(["vision", "mnist"], tmp_path / "fit.sbatch", **GIVEN)
