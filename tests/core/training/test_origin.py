"""A fit goes on from a run: network, classes and preprocessing are kept, and what it helped and forgot is told."""

import json
from dataclasses import replace

import numpy as np
import pytest

import dl
from dl.recipes.asked import Asked
from dl.recipes.recipe import parse_recipe
from dl.runs.forgotten import read_forgotten
from dl.runs.manifest import AS_IT_WAS
from dl.runs.outcomes import read_rivals
from dl.training.origin import resolve_from


def write(path, n, seed, *, turned=False, kinds=("no", "yes")):
    """A table in which x tells the class, or, turned, tells the other one."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n))
    y = np.where((x > 0) != turned, *kinds[::-1])
    rows = [f"{x[k]:.4f},{z[k]:.4f},{y[k]}" for k in range(n)]
    path.write_text("\n".join(["x,z,bought", *rows]) + "\n")
    return path.name


@pytest.fixture
def fitted(dl_run, tmp_path):
    name = write(tmp_path / "old.csv", 400, 0)
    words = ("--target", "bought", "epochs=6", "--model", "dense", "lr=0.01", "linear=yes", "--json")
    return dl.Run(tmp_path / dl_run("fit", "tabular", name, *words).json["run"])


def test_a_fit_goes_on_from_a_run_and_tells_what_that_was_worth(dl_run, fitted, tmp_path):
    name = write(tmp_path / "new.csv", 300, 1, turned=True)
    told = dl_run("fit", "tabular", name, "--from", "1", "lr=0.01", "--json")
    run = dl.Run(tmp_path / told.json["run"])
    assert run.manifest.task.names == fitted.manifest.task.names and run.manifest.task.reason == f"as in {fitted.name}"
    settings = [json.loads((one.path / "preprocessor.json").read_text()) for one in (run, fitted)]
    assert settings[0] == settings[1]
    rung = next(one for one in run.manifest.baselines if one.name == AS_IT_WAS)
    assert rung.answer == f"{fitted.name} as it was" and rung.score < 0.3  # it answers the opposite
    assert read_rivals(run.outcomes_folder)[AS_IT_WAS].mean() == pytest.approx(rung.score)
    forgot = read_forgotten(run)
    assert forgot.before == pytest.approx(fitted.best["val_accuracy"]) and forgot.examples == fitted.manifest.parts.val
    assert forgot.after < forgot.before and forgot.change.high < 0
    report = " ".join(dl_run("report", "last").out.split())
    assert f"going on from {fitted.name} helped: certainly better than the run as it was by" in report
    assert "it has forgotten" in report and f"goes on from {fitted.name}" in report
    dl_run("baseline", "last")
    assert AS_IT_WAS in {one.name for one in dl.Run(run.path).manifest.baselines}
    assert set(read_rivals(run.outcomes_folder)) == {AS_IT_WAS, "linear", "boosting", "xgboost"}
    again = dl_run("fit", "--recipe", f"{run.path}/recipe.toml", "--json").json
    assert again["best"]["val_loss"] == pytest.approx(told.json["best"]["val_loss"])
    refused = dl_run("cv", "--recipe", f"{run.path}/recipe.toml")
    assert (
        refused.code == 2 and f"dl cv makes fits from the start; this recipe goes on from {fitted.name}" in refused.err
    )
    fitted.weights.write_bytes(b"other")
    changed = dl_run("fit", "--recipe", f"{run.path}/recipe.toml")
    assert changed.code != 0 and f"{fitted.weights.name}' is damaged: it has 5 bytes" in changed.err


def test_the_rate_is_a_tenth_unless_it_is_typed_and_the_recipe_keeps_where_it_came_from(plugins_with, fitted, tmp_path):
    plugins = plugins_with()
    write(tmp_path / "new.csv", 300, 1)
    asked = Asked("tabular", "new.csv")
    recipe = resolve_from(plugins, fitted, asked)
    assert recipe.train["lr"] == 0.001 and recipe.from_run == str(fitted.path.absolute()) and not recipe.is_open
    assert resolve_from(plugins, fitted, replace(asked, options={"lr": 0.5})).train["lr"] == 0.5
    kept = parse_recipe(recipe.to_toml(), "here")
    assert (kept.from_run, kept.from_hash) == (recipe.from_run, recipe.from_hash) and len(recipe.from_hash) == 32


def test_validation_examples_that_the_run_was_trained_on_are_an_issue(dl_run, fitted):
    told = dl_run("fit", "tabular", "old.csv", "--from", "1", "--seed", "7", "epochs=1")
    assert f"validation examples were trained on by {fitted.name}, from which this fit goes on" in told.err
    assert "The score cannot be trusted" in told.out


def test_data_in_memory_goes_on_with_fewer_classes(tmp_path):
    rng = np.random.default_rng(0)
    inputs, targets = rng.integers(0, 120, (300, 6, 6), np.uint8), np.arange(300) % 3
    inputs += (60 * targets[:, None, None]).astype(np.uint8)
    run = dl.fit("vision", (inputs, targets), epochs=2, runs=tmp_path / "runs", model="dense")
    some = targets < 2
    on = dl.fit("vision", (inputs[some], targets[some]), from_run=run, epochs=1, runs=tmp_path / "runs")
    assert on.manifest.task.names == ("0", "1", "2") and on.manifest.task.counts[2] == 0
    with pytest.raises(dl.BadData, match="'3': a class that 0001-in-memory-dense does not know"):
        dl.fit("vision", (inputs, targets + 1), from_run=run, runs=tmp_path / "runs")


def test_what_the_run_has_chosen_is_refused_in_one_line(dl_run, fitted, tmp_path):
    kinds = write(tmp_path / "kinds.csv", 60, 1, kinds=("no", "perhaps"))
    kept = f"a fit that goes on from {fitted.name} keeps its network and task; leave it out"
    lines = {
        ("tabular", "old.csv", "width=9"): f"width= is an option of the network, which is that of {fitted.name}",
        ("tabular", "old.csv", "--model", "linear"): f"--model linear: {kept}",
        ("vision", "old.csv"): f"the domain vision: {kept}",
        ("tabular", "old.csv", "--reg", "dropout=0.3"): "--reg dropout changes the network",
        ("tabular", "old.csv", "pieces=3"): "pieces= changes how inputs are prepared",
        (
            "tabular",
            "old.csv",
            "lr=auto",
        ): f"lr=auto makes fits from the start, and this one goes on from {fitted.name}",
        ("tabular", kinds): f"'perhaps': a class that {fitted.name} does not know; it knows 'no', 'yes'",
        (): f"new data is needed to go on from {fitted.name}",
    }
    for words, line in lines.items():
        answer = dl_run("fit", *words, "--from", "1")
        assert answer.code in (2, 3) and line in answer.err, words
    assert len(list((tmp_path / "runs").glob("0*"))) == 1  # no folder was begun
    fitted.weights.unlink()
    assert "has no best.safetensors to go on from" in dl_run("fit", "tabular", "old.csv", "--from", "1").err
