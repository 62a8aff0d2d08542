"""The verbs of the reports on the command line."""

import json
import shlex
import subprocess
import sys
from dataclasses import replace

import pytest
import tomli_w

from dl.choose import resolve
from dl.cli import run as dl
from dl.run import Run
from dl_reports.facts import Facts
from dl_reports.read import read
from dl_reports.remedy import again, against_overfitting

OVERFIT = {
    "sharpness": [0.5, 0.8, 1.0, 1.3, 1.6, 2.0, 2.4, 2.8],
    "signal": [3.5] * 8,
    "probe_signal": [3.5, 3.7, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5],
}
HEALTHY = {"signal": [2.0, 3.0, *[3.5] * 6], "probe_signal": [2.1, 3.1, *[4.5] * 6]}


def test_a_report_as_json(simulated, capsys):
    run = simulated(**HEALTHY)
    assert dl(["report", str(run.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == 1


def test_fail_on_issue_gates_on_overfitting(simulated, capsys):
    overfit, healthy = simulated(**OVERFIT), simulated(**HEALTHY)
    assert dl(["report", str(overfit.path), "--json", "--fail-on", "issue"]) == 1
    assert dl(["report", str(healthy.path), "--json", "--fail-on", "issue"]) == 0
    silenced = ["--ignore", "fit-overfit-loss", "--ignore", "fit-overfit-metric"]
    assert dl(["report", str(overfit.path), "--json", "--fail-on", "issue", *silenced]) == 0
    assert dl(["report", str(overfit.path), "--json", "--fail-on", "tip", *silenced]) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["report", "nowhere"], "no run 'nowhere'"),
        (["report", "{run}", "--fail-on", "isue"], "expected issue or tip"),
        (["report", "{run}", "--ignore", "fit-gab"], "did you mean 'fit-gap'"),
        (["report", "{run}", "--json", "--md"], "choose one"),
        (["explain", "fit-gab"], "did you mean 'fit-gap'"),
        (["compare", "{run}", "nowhere"], "no run 'nowhere'"),
    ],
)
def test_a_mistake_is_one_line(simulated, capsys, words, says):
    run = str(simulated(signal=[3.0]).path)
    assert dl([word.replace("{run}", run) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and says in captured.err


def test_markdown_goes_to_the_screen_and_a_page_to_a_file(simulated, capsys, tmp_path):
    run = str(simulated(**HEALTHY).path)
    assert dl(["report", run, "--md"]) == 0
    assert "No overfitting is established." in capsys.readouterr().out
    page = tmp_path / "report.html"
    assert dl(["report", run, "--html", str(page)]) == 0
    assert capsys.readouterr().out == "" and "<html" in page.read_text()


def test_watching_a_finished_run_reports_it_at_once(simulated, capsys):
    assert dl(["report", str(simulated(**HEALTHY).path), "--watch", "--md"]) == 0
    assert "No overfitting is established." in capsys.readouterr().out


def test_the_next_command_gives_the_very_recipe_that_is_meant(simulated, plugins, meant_by):
    run = simulated(signal=[3.0], options={"lr": 0.01, "val": 500.0})
    meant = meant_by(again(Facts(read(run), plugins), epochs=7))
    assert meant.train == {**run.recipe.train, "epochs": 7} and meant.split == run.recipe.split


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ({}, "dl fit vision mnist epochs=7"),
        ({"recipe": "book-convnet"}, "dl fit vision mnist --recipe book-convnet epochs=7"),
        ({"model": "dense", "seed": 3}, "dl fit vision mnist --model dense --seed 3 epochs=7"),
        ({"domain": "text", "data": "phrase-languages"}, "dl fit text phrase-languages epochs=7"),
        ({"domain": "text", "data": "phrase-languages", "model": "lstm"}, "--model lstm epochs=7"),
        ({"reg": {"l2": "1e-3"}, "options": {"val": "500"}}, "dl fit vision mnist epochs=7 val=500 --reg l2=0.001"),
    ],
)
def test_the_next_command_says_no_more_than_it_must(simulated, plugins, said, command):
    run = simulated(signal=[3.0])
    recipe = resolve(plugins, **{"domain": "vision", "data": "mnist", **said})
    (run.path / "recipe.toml").write_text(recipe.to_toml())
    assert again(Facts(read(Run(run.path)), plugins), epochs=7).endswith(command)


@pytest.mark.parametrize("reg", [{}, {"random-shift": {"pixels": 3}, "dropout": {"rate": 0.1}}])
def test_every_remedy_that_is_offered_is_a_command_that_resolves_to_that_remedy(simulated, plugins, meant_by, reg):
    run = simulated(**OVERFIT)
    recipe = replace(run.recipe, regularizers=reg, model_options={**run.recipe.model_options, "dropout": 0.0})
    (run.path / "recipe.toml").write_text(tomli_w.dumps(as_toml(recipe)))
    offered = against_overfitting(Facts(read(Run(run.path)), plugins))
    assert len(offered) >= 3 and len({one.typed for one in offered}) == len(offered)
    for one in offered:
        assert set(one.typed.split()) <= set(shlex.split(one.command))
        meant = meant_by(one.command)
        added = dict(meant.regularizers)
        assert {name: added.pop(name, None) for name in reg} == {name: given for name, given in reg.items()}
        assert one.typed in [f"--reg {plugins.regularizers[name].typed(given)}" for name, given in added.items()] or (
            one.typed == "dropout=0.5" and meant.model_options["dropout"] == 0.5 and not added
        )


def as_toml(recipe):
    groups = {"model": {"name": recipe.model, **recipe.model_options}, "reg": recipe.regularizers}
    head = {"domain": recipe.domain, "data": recipe.data}
    return head | groups | {"train": recipe.train, "split": recipe.split, "options": recipe.data_options}


def test_the_report_names_the_other_remedies_beside_the_first(simulated, capsys):
    run = simulated(**OVERFIT)
    assert dl(["report", str(run.path), "--json"]) == 0
    first = json.loads(capsys.readouterr().out)["next"][0]
    assert "--reg l2=0.0001" in first["instead"] and len(first["instead"]) >= 3
    assert dl(["report", str(run.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.strip().startswith(f"or {first['instead'][0]}, ") for line in lines)
    assert all(len(line) <= 80 for line in lines[lines.index("next") :])


def test_a_run_on_a_path_is_gone_on_with_by_its_recipe_file(simulated, plugins):
    run = simulated(signal=[3.0])
    recipe = (run.path / "recipe.toml").read_text()
    (run.path / "recipe.toml").write_text(recipe.replace('data = "mnist"', 'data = "/nowhere/at all"'))
    assert again(Facts(read(run), plugins), epochs=7) == ""  # what cannot be resolved is not offered


HEAVY = ("torch", "numpy", "scipy", "jinja2", "markupsafe", "msgspec", "PIL")


def test_help_and_explain_import_nothing_heavy():
    code = f"import sys; from dl.cli import run; run(sys.argv[1:]); sys.exit(bool({set(HEAVY)} & set(sys.modules)))"
    for words in (["--help"], ["ls"], ["explain"], ["report", "--help"]):
        subprocess.run([sys.executable, "-c", code, *words], check=True, capture_output=True)
