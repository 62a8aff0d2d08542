import json

from dl.recipes.resolve import resolve
from dl.runs.identity import Identity, hash_of_recipe, read_identity


def test_the_hash_of_a_recipe_leaves_out_what_changes_nothing(plugins_with, blobs):
    plugins = plugins_with(given=blobs(), copy=blobs())

    def of(data="given", **choices):
        return hash_of_recipe(resolve(plugins, "numbers", data, **choices))

    assert of() == of("copy") == of(options={"save_every": 5})
    assert len({of(), of(seed=1), of(options={"epochs": 3}), of(reg={"l2": 0.1}), of(model="dense")}) == 5


def test_an_identity_is_read_as_it_was_written(tmp_path):
    assert read_identity(tmp_path) is None
    Identity("a", "b").write(tmp_path)
    assert read_identity(tmp_path) == Identity("a", "b")
    assert json.loads((tmp_path / "identity.json").read_text()) == {"data": "a", "recipe": "b"}
