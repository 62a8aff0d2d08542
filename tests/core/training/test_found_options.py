"""lr=auto and batch_size=auto are found before the fit, and are numbers from then on."""

import pytest

import dl
from dl.errors import BadOption

ASKED = {"epochs": 2, "val": 0.3, "width": 8, "recipe": "book-dense"}


def fit(folder, **options):
    return dl.fit("tabular", "wine", runs=folder, **{**ASKED, **options})


def test_a_rate_far_from_good_is_replaced_and_the_recipe_can_be_fitted_again(tmp_path):
    run = fit(tmp_path, lr="auto", batch_size=16)
    text = (run.path / "recipe.toml").read_text(encoding="utf-8")
    rate = run.recipe.train["lr"]
    assert 1e-5 <= rate <= 0.1 and f"# lr={rate:g}: " in text and "short fits" in text
    assert len(list(tmp_path.iterdir())) == 1, "the short fits leave no runs"
    again = dl.fit(recipe=str(run.path / "recipe.toml"), runs=tmp_path)
    assert again.recipe == run.recipe and again.best["val_loss"] == run.best["val_loss"]


def test_the_same_number_typed_is_the_same_fit(tmp_path):
    found = fit(tmp_path, lr="auto", batch_size=16)
    typed = fit(tmp_path, lr=found.recipe.train["lr"], batch_size=16)
    assert [row["val_loss"] for row in typed.history.rows] == [row["val_loss"] for row in found.history.rows]


def test_a_batch_leaves_an_epoch_fifty_steps_or_is_the_smallest(tmp_path):
    few = fit(tmp_path, batch_size="auto")
    assert few.recipe.train["batch_size"] == 8, "of 100 rows no size leaves fifty steps"
    run = dl.fit("vision", "digits", recipe="book-dense", val=0.3, epochs=1, batch_size="auto", runs=tmp_path)
    assert run.recipe.train["batch_size"] in (8, 16), "1,011 images leave fifty steps of sixteen"


def test_a_rate_of_zero_has_no_multiples(tmp_path):
    recipe = tmp_path / "still.toml"
    recipe.write_text('version = 1\ndomain = "tabular"\ndata = "wine"\n[model]\nname = "dense"\n[train]\nlr = 0.0\n')
    with pytest.raises(BadOption, match="lr=auto takes multiples of the recipe's rate, which is 0"):
        dl.fit(recipe=str(recipe), lr="auto", runs=tmp_path / "runs")


@pytest.mark.parametrize("verb", ["cv", "tune", "overfit", "workflow"])
def test_where_several_fits_share_it_a_number_is_asked_for(verb, tmp_path):
    with pytest.raises(BadOption, match=f"lr=auto: dl {verb} takes a number"):
        getattr(dl, verb)("tabular", "wine", lr="auto", runs=tmp_path)
