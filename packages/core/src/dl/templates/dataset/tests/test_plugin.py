from dl.testing import check_dataset

NAME = "newplugin"


def test_it_conforms(dl_plugins):
    check_dataset(dl_plugins.dataset("vision", NAME), dl_plugins)


def test_it_is_fitted_better_than_chance(dl_run):
    fitted = dl_run("fit", "vision", NAME, "epochs=3", "--json")
    assert fitted.code == 0, fitted.err
    assert fitted.json["best"]["val_accuracy"] > 0.8


def test_an_image_without_noise_is_black_but_for_its_shape(dl_plugins):
    options = {"noise": 0}
    images = dl_plugins.dataset("vision", NAME).load(options).train.inputs
    assert ((images == 0) | (images >= 160)).all()
