from dl.testing import check_model

NAME = "newplugin"


def test_it_conforms(dl_plugins):
    check_model(dl_plugins.model("vision", NAME), dl_plugins)


def test_it_is_fitted(dl_run, dl_image_folder):
    fitted = dl_run("fit", "vision", dl_image_folder, "--model", NAME, "width=8", "epochs=2", "--json")
    assert fitted.code == 0, fitted.err
    assert fitted.json["status"] == "finished"


def test_more_blocks_are_more_parameters(dl_plugins):
    def count(blocks):
        network = dl_plugins.model("vision", NAME).build((3, 32, 32), 10, {"width": 8, "blocks": blocks})
        return sum(parameter.numel() for parameter in network.parameters())

    assert count(1) < count(2) < count(3)
