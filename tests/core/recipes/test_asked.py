from dl.recipes.asked import Asked


def test_what_was_asked_is_typed_again_in_the_order_of_a_command():
    reg = {"l2": 1e-4, "noise": {"": "0.1", "share": 0.5}, "dropout": {}}
    asked = Asked("tabular", "wine", "dense", seed=3, options={"epochs": "20", "lr": 0.001}, reg=reg)
    words = (
        "tabular wine --model dense --seed 3 epochs=20 lr=0.001 --reg l2=0.0001 --reg noise=0.1,share=0.5 --reg dropout"
    )
    assert " ".join(asked.words) == words
    assert asked.fixed == {"epochs", "lr", "l2", "noise", "dropout"}


def test_further_options_stand_beside_those_that_were_asked_for(plugins_with, blobs):
    plugins = plugins_with(given=blobs())
    asked = Asked("numbers", "given", "dense", options={"epochs": "7"})
    recipe = asked.resolved(plugins, {"width": 5}, {"dropout": 0.2})
    assert (recipe.train["epochs"], recipe.model_options["width"]) == (7, 5)
    assert recipe.regularizers["dropout"]["rate"] == 0.2
