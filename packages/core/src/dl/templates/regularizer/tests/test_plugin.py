import torch
from dl.regularizer import Batch
from dl.testing import check_regularizer

NAME = "newplugin"


def test_it_conforms(dl_plugins):
    check_regularizer(dl_plugins.regularizer("vision", NAME), dl_plugins)


def test_it_is_fitted_with(dl_run, dl_image_folder):
    fitted = dl_run("fit", "vision", dl_image_folder, "--reg", f"{NAME}=0.5", "epochs=1", "--json")
    assert fitted.code == 0, fitted.err
    assert fitted.json["status"] == "finished"


def test_a_square_of_half_the_side_is_a_quarter_of_the_image(dl_plugins):
    regularizer = dl_plugins.regularizer("vision", NAME).build({"side": 0.5}, None)
    batch = Batch(torch.ones(3, 1, 8, 8), torch.zeros(3))
    assert regularizer.batch(batch, torch.Generator().manual_seed(0)).inputs.mean(dim=(1, 2, 3)).tolist() == [0.75] * 3
