import numpy as np
import pytest
from dl.testing import check_dataset, check_domain, check_model

DOMAIN = "newplugin"


@pytest.fixture
def folder(tmp_path):
    """Signals in a folder for each class."""
    noise = np.random.default_rng(0).normal(0, 0.1, (40, 32))
    for number, label in enumerate(("flat", "steep") * 20):
        (tmp_path / "signals" / label).mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "signals" / label / f"{number:02d}.npy", np.linspace(0, number % 2, 32) + noise[number])
    return tmp_path / "signals"


def test_what_is_registered_conforms(dl_plugins, tmp_path):
    waves = dl_plugins.dataset(DOMAIN, "waves")
    np.save(tmp_path / "wave.npy", waves.load({}).train.inputs[0])
    check_domain(dl_plugins.domain(DOMAIN), dl_plugins, paths=[tmp_path])
    check_dataset(waves, dl_plugins)
    check_model(dl_plugins.model(DOMAIN, "waves"), dl_plugins)


def test_a_users_own_folder_is_fitted_and_predicted(dl_run, folder):
    fitted = dl_run("fit", DOMAIN, folder, "epochs=2", "--json")
    assert fitted.code == 0, fitted.err
    answers = dl_run("predict", "last", folder / "steep", "--json").json
    assert len(answers) == 20 and {answer["answer"] for answer in answers} <= {"flat", "steep"}


def test_a_file_that_is_no_signal_is_named(dl_run, folder):
    (folder / "flat" / "broken.npy").write_bytes(b"no array")
    answer = dl_run("fit", DOMAIN, folder)
    assert answer.code == 3 and "broken.npy" in answer.err
