"""What the tests of the tutorial share: a folder with the runs of three lessons, simulated."""

import pytest

from dl.tutorial.course import SCALES, Course
from dl.tutorial.progress import Progress, Standing
from dl_reports.simulate import SimulatedFit, simulate

FITS = {
    "fit": SimulatedFit(signal=[1.0, 1.5, 2.0], rival=0.6),
    "overfit": SimulatedFit(signal=[2.0, 3.0, 2.0, 1.5], probe_signal=[2.5, 4.0, 6.0, 8.0]),
    "regularize": SimulatedFit(signal=[2.0, 3.0, 3.4], probe_signal=[2.0, 3.0, 3.6]),
}


@pytest.fixture(scope="session")
def course():
    """A course on data that is never read."""
    return Course("mnist", "vision", SCALES["vision"])


@pytest.fixture(scope="session")
def standing(course, tmp_path_factory):
    """After the first five lessons."""
    folder, runs = tmp_path_factory.mktemp("tutorial"), {}
    (folder / "runs").mkdir()
    for number, (lesson, fit) in enumerate(FITS.items(), 1):
        runs[lesson] = simulate(folder / "runs" / f"{number:04d}-mnist-dense", fit).name
    return Standing(course, folder, Progress("mnist", ("look", "baseline", *FITS), runs))
