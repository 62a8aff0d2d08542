import numpy as np
import pytest

import dl
from dl.errors import DamagedRun
from dl.runs.outcomes import write_arrays, write_logits
from dl.runs.run import Run
from dl_serve.kept import read_kept


def written(folder, **examples):
    """A run that keeps two logits of each of four validation examples."""
    (folder / "outcomes").mkdir()
    write_logits(folder / "outcomes", "best", np.float32([[0, 1], [2, 3], [4, np.nan], [6, 7]]))
    write_arrays(folder / "outcomes" / "examples.npz", examples)
    return Run(folder)


def test_a_run_keeps_the_answer_to_each_of_its_validation_examples(served_runs):
    run = dl.open_run(1, served_runs)
    kept = read_kept(run)
    assert len(kept) == run.manifest.parts.val and kept.logits.shape[1] == run.manifest.task.outputs


def test_copies_of_training_examples_and_answers_that_are_no_numbers_are_left_out(tmp_path):
    leaked = np.array([False, True, False, False])
    kept = read_kept(written(tmp_path, val_targets=np.arange(4), val_leaked=leaked, val_groups=np.array([5, 6, 6, 5])))
    assert kept.targets.tolist() == [0, 3] and kept.logits.tolist() == [[0, 1], [6, 7]] and len(kept.groups) == 1


def test_a_run_without_outcomes_keeps_nothing_and_files_that_disagree_are_an_error(tmp_path):
    assert read_kept(Run(tmp_path)) is None
    with pytest.raises(DamagedRun, match="4 answers to 3 validation examples"):
        read_kept(written(tmp_path, val_targets=np.arange(3)))
