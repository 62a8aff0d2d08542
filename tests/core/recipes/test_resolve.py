from dataclasses import replace

import numpy as np
import pytest

from dl.data.examples import Dataset
from dl.errors import BadOption, BadRecipe, UnknownName
from dl.options import Option, split_named
from dl.plugins.loading import load_plugins
from dl.recipes.recipe import SPLIT_OPTIONS, TRAIN_OPTIONS, parse_recipe
from dl.recipes.resolve import looks_like_path, pick_dataset, resolve
from dl.regularizer import Regularizer
from dl.specs import PLACES, RegularizerSpec


@pytest.fixture
def plugins(plugins_with, examples):
    return plugins_with(given=Dataset("given", examples(np.zeros((2, 1)), [0, 1])))


@pytest.fixture
def recipe_file(tmp_path):
    """A function that writes a recipe file and returns its path as text."""

    def write(text, name="mine.toml"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def test_the_result_says_every_choice(plugins):
    recipe = resolve(plugins, "numbers", "given")
    assert (recipe.domain, recipe.data, recipe.model, recipe.task, recipe.seed) == ("numbers", "given", "linear", "", 0)
    assert set(recipe.train) == {option.name for option in TRAIN_OPTIONS}
    assert set(recipe.split) == {option.name for option in SPLIT_OPTIONS}
    assert recipe.train["optimizer"] == "adam" and recipe.train["clip"] == 0.0


def test_what_is_said_later_wins(plugins, recipe_file):
    mine = recipe_file('seed = 7\n[model]\nname = "dense"\nwidth = 5\n[train]\nlr = 0.5\nepochs = 9\n')
    recipe = resolve(plugins, "numbers", "given", recipe=mine, options={"lr": "0.25", "width": 6, "val": "0.5"})
    assert (recipe.seed, recipe.model, recipe.model_options["width"]) == (7, "dense", 6)
    assert (recipe.train["lr"], recipe.train["epochs"], recipe.split["val"]) == (0.25, 9, 0.5)
    assert recipe.train["batch_size"] == 128  # neither said it: not the named recipe's 16


def test_options_of_the_recipes_model_do_not_pass_to_another_model(plugins, recipe_file):
    mine = recipe_file('[model]\nname = "dense"\nwidth = 5\n')
    assert resolve(plugins, "numbers", "given", recipe=mine, model="linear").model_options == {}


def test_a_resolved_recipe_resolves_to_itself(plugins, recipe_file):
    first = resolve(plugins, "numbers", "given", model="dense", seed=3, options={"width": 9})
    closed = replace(first, is_open=False, stated=frozenset())
    assert resolve(plugins, recipe=recipe_file(first.to_toml())) == closed


def test_a_recipe_may_name_domain_and_data(plugins, recipe_file):
    mine = recipe_file('domain = "numbers"\ndata = "given"\n[model]\nname = "linear"\n')
    assert resolve(plugins, recipe=mine).data == "given"


def test_a_path_is_kept_whole_so_that_the_recipe_runs_from_anywhere(plugins, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    assert resolve(plugins, "numbers", "./here").data == str(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve(plugins, "numbers", "~/here").data == str(tmp_path / "here")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"domain": "nmbers"}, "no domain named 'nmbers'; did you mean 'numbers'"),
        ({"domain": ""}, "no domain given; one of: .*numbers.*example: dl fit"),
        ({"data": "givn"}, "no numbers data set named 'givn'; did you mean 'given'"),
        ({"data": ""}, "no data set given"),
        ({"data": "mnist"}, "'mnist' is a data set of 'vision', not of 'numbers'.*dl fit vision mnist"),
        ({"data": "./gone"}, "no file or folder './gone'"),
        ({"data": "gone.csv"}, "no file or folder 'gone.csv'  data sets by name: dl ls datasets"),
        ({"data": "given.v2"}, "no file or folder 'given.v2'"),
        ({"data": "givn-1.5"}, "no numbers data set named 'givn-1.5'; did you mean 'given'"),
        ({"data": "~nobody-of-this-name/x"}, "no file or folder"),
        ({"data": "x" * 5000}, "no numbers data set named"),
        ({"data": "/" + "x" * 5000}, "no file or folder"),
        ({"model": "dnse"}, "no numbers model named 'dnse'; did you mean 'dense'"),
        ({"model": "convnet"}, "'convnet' is not a numbers model; the domain 'vision' has it"),
        ({"recipe": "plan"}, "no numbers recipe named 'plan'; did you mean 'plain'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(plugins, choices, message):
    with pytest.raises(UnknownName, match=message):
        resolve(plugins, **{"domain": "numbers", "data": "given", **choices})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epcohs": 3}, r"no option named 'epcohs' for this fit; did you mean 'epochs'\?  see: dl show linear"),
        ({"epochs": -1}, "training: epochs=-1: expected a whole number from 1"),
        ({"epochs": 0}, "epochs=0"),
        ({"lr": "fast"}, "training: lr=fast: expected a number"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"width": 3}, "no option named 'width'"),
        ({"val": "0"}, r"val=0: without validation examples .* say how many, .* val=0\.2, or val=auto"),
        ({"val": 0.0}, "val=0: without validation examples"),
        ({"val": "aut"}, "split: val=aut: expected a number or auto, at least 0; did you mean 'auto'"),
    ],
)
def test_a_wrong_option_is_refused_with_what_would_fit(plugins, options, message):
    with pytest.raises(BadOption, match=message):
        resolve(plugins, "numbers", "given", options=options)


@pytest.mark.parametrize("seed", [-1, 1 << 63, pytest.param(10**9000, id="very long")])
def test_a_seed_that_no_generator_takes_is_refused(plugins, seed, recipe_file):
    with pytest.raises(BadOption, match=r"seed=.*expected a whole number from 0"):
        resolve(plugins, "numbers", "given", seed=seed)
    mine = recipe_file(f'seed = {seed if seed < 1 << 70 else "0x" + "f" * 9000}\n[model]\nname = "linear"\n')
    with pytest.raises(BadOption, match="seed"):
        resolve(plugins, "numbers", "given", recipe=mine)


def test_a_recipe_file_with_an_unknown_option_is_refused(plugins, recipe_file):
    mine = recipe_file('[model]\nname = "linear"\n[train]\nepocs = 3\n')
    with pytest.raises(BadOption, match="training has no option 'epocs'; did you mean 'epochs'"):
        resolve(plugins, "numbers", "given", recipe=mine)


def test_the_data_sets_own_share_is_a_word_that_may_be_typed_over_a_recipe(plugins, recipe_file):
    mine = recipe_file('[model]\nname = "linear"\n[split]\nval = 0.25\n')
    assert resolve(plugins, "numbers", "given", recipe=mine).split["val"] == 0.25
    assert resolve(plugins, "numbers", "given", recipe=mine, options={"val": "auto"}).split["val"] == "auto"
    none = recipe_file('[model]\nname = "linear"\n[split]\nval = 0\n')
    with pytest.raises(BadOption, match="val=0: without validation examples"):
        resolve(plugins, "numbers", "given", recipe=none)


def test_where_folds_are_typed_the_share_of_a_recipe_does_not_matter(plugins, recipe_file):
    named = {"recipe": recipe_file('[model]\nname = "linear"\n[split]\nval = 2000\n')}
    assert resolve(plugins, "numbers", "given", **named, options={"protocol": "kfold:4"}).split["val"] == "auto"
    assert resolve(plugins, "numbers", "given", **named, options={"protocol": "holdout"}).split["val"] == 2000
    with pytest.raises(BadOption, match=r"val=0\.3: of kfold:4 each fold holds out its share"):
        resolve(plugins, "numbers", "given", **named, options={"protocol": "kfold:4", "val": 0.3})


def test_a_target_in_a_recipe_is_refused_for_the_next_token_as_one_that_is_typed(recipe_file, tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n")
    mine = recipe_file('task = "next-token"\n[model]\nname = "lstm"\n[options]\ntarget = "label"\n')
    with pytest.raises(BadOption, match="target=label: --task next-token has no target but the inputs themselves"):
        resolve(load_plugins(), "text", str(tmp_path / "a.csv"), recipe=mine)
    recipe = resolve(load_plugins(), "text", str(tmp_path / "a.csv"), recipe=mine, options={"target": ""})
    assert recipe.data_options["target"] == ""


def test_a_recipe_file_that_is_not_there_is_refused(plugins):
    with pytest.raises(BadRecipe, match="cannot be read"):
        resolve(plugins, "numbers", "given", recipe="gone.toml")


@pytest.mark.parametrize(("word", "path"), [("a/b", True), ("./a", True), ("~", True), ("..", True), ("mnist", False)])
def test_a_word_with_a_slash_a_dot_or_a_tilde_is_meant_as_a_path(word, path):
    assert looks_like_path(word) is path


def test_a_path_has_no_options_of_its_own(plugins, tmp_path):
    assert pick_dataset(plugins, "numbers", str(tmp_path)) is None


@pytest.mark.parametrize(("domain", "name"), sorted(load_plugins().recipes))
def test_every_named_recipe_resolves_on_data_of_its_domain(domain, name, tmp_path):
    plugins = load_plugins()
    data = next((known for where, known in plugins.datasets if where == domain), str(tmp_path))
    recipe = resolve(plugins, domain, data, recipe=name)
    assert parse_recipe(recipe.to_toml(), "here").model == recipe.model


@pytest.fixture
def placed(plugins_with, blobs):
    """The plugins with regularizers that do nothing: one at each place, and three more on the batch with ranks."""

    def spec(name, place, rank=50):
        size = (Option("size", 1.0, "first", low=0.0), Option("wild", False, "second"))
        return RegularizerSpec(name, place, "of a test", lambda options, task: Regularizer(), size, rank=rank)

    specs = [spec(f"x-{place}", place) for place in reversed(PLACES)]
    specs += [spec("b-late", "batch", 90), spec("a-late", "batch", 90), spec("z-early", "batch", 10)]
    specs.append(replace(spec("for-texts", "batch"), only_for="text"))
    return replace(plugins_with(given=blobs()), regularizers={one.name: one for one in specs})


def chosen(plugins, *words, **choices):
    return dict(resolve(plugins, "numbers", "given", reg=split_named(words), **choices).regularizers)


def test_regularizers_come_by_place_then_rank_then_name_however_they_are_typed(placed):
    wanted = ["x-network", "z-early", "x-batch", "a-late", "b-late", "x-penalty", "x-training"]
    assert list(chosen(placed, *sorted(wanted))) == list(chosen(placed, *reversed(sorted(wanted)))) == wanted


@pytest.mark.parametrize(
    ("word", "options"),
    [
        ("x-batch", {"size": 1.0, "wild": False}),
        ("x-batch=2", {"size": 2.0, "wild": False}),
        ("x-batch=1e-4,wild=yes", {"size": 1e-4, "wild": True}),
        ("x-batch=wild=on", {"size": 1.0, "wild": True}),
    ],
)
def test_a_value_alone_is_meant_for_the_first_option(placed, word, options):
    assert chosen(placed, word) == {"x-batch": options}


def test_a_regularizer_is_typed_as_it_is_read(placed):
    for word in ("x-batch=1", "x-batch=0.25,wild=yes"):
        (options,) = chosen(placed, word).values()
        assert placed.regularizers["x-batch"].typed(options) == word


def test_recipes_keep_regularizers_and_the_command_line_changes_them(placed, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text('[model]\nname = "linear"\n[reg]\nx-penalty = 3\n[reg.x-batch]\nsize = 2\nwild = true\n')
    kept = chosen(placed, recipe=str(mine))
    assert kept == {"x-batch": {"size": 2.0, "wild": True}, "x-penalty": {"size": 3.0, "wild": False}}
    assert list(chosen(placed, "x-batch=off", recipe=str(mine))) == ["x-penalty"]
    assert chosen(placed, "x-batch=5", recipe=str(mine))["x-batch"] == {"size": 5.0, "wild": False}
    mine.write_text(resolve(placed, "numbers", "given", recipe=str(mine)).to_toml())
    assert chosen(placed, recipe=str(mine)) == kept
    mine.write_text('[model]\nname = "linear"\n[reg]\nx-penalty = "off"\n')
    assert chosen(placed, recipe=str(mine)) == {}


@pytest.mark.parametrize(
    ("word", "kind", "message"),
    [
        ("", BadOption, "'' is not of the form name, name=value or name=value,key=value"),
        ("x-batch=", BadOption, "'x-batch=' is not of the form"),
        ("=3", BadOption, "'=3' is not of the form"),
        ("x-batch=x", BadOption, "regularizer x-batch: size=x: expected a number, at least 0"),
        ("x-batch=-1", BadOption, "size=-1: expected a number, at least 0"),
        ("x-batch=1,", BadOption, "'' is not of the form key=value"),
        ("x-batch=1,size=2", BadOption, "regularizer x-batch: 'size' is given twice"),
        ("x-batch=1,wild=yes,wild=no", BadOption, "'wild' is given twice"),
        ("x-batch=1,wlid=yes", BadOption, "regularizer x-batch has no option 'wlid'; did you mean 'wild'"),
        ("x-bacth=1", UnknownName, "no regularizer named 'x-bacth'; did you mean 'x-batch'.*see: dl ls regularizers"),
        ("x-bacth=off", UnknownName, "no regularizer named 'x-bacth'"),
        ("for-texts=1", UnknownName, "the regularizer 'for-texts' is for text, not for numbers"),
    ],
)
def test_a_word_that_means_nothing_is_refused_with_what_would(placed, word, kind, message):
    with pytest.raises(kind, match=message):
        chosen(placed, word)


def test_a_name_is_given_once(placed):
    with pytest.raises(BadOption, match="'x-batch' is given twice"):
        chosen(placed, "x-batch=1", "x-batch=2")
