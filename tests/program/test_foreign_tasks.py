"""Two rows that do not ship, from plugins: ordinal and quantile regression, fitted on diabetes and read everywhere."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import dl
from dl.data.examples import Dataset, Examples
from dl.errors import BadData, BadOption, BadRun, UnknownName
from dl.plugins.loading import load_plugins
from dl.testing.numbers import NumbersPlugin
from dl.training.devices import Devices

SOURCES = {path.stem: path.read_text() for path in (Path(__file__).parent / "foreign_tasks").glob("*.py")}
CPU = Devices("cpu", "1")
FITTED = ("epochs=8", "batch_size=32")


def diabetes(task):
    """The inputs of 442 patients, standardized, their targets, and names: five grades of illness, or how it went on."""
    found = load_diabetes()
    inputs = (found.data / found.data.std(axis=0)).astype(np.float32)
    if task == "quantiles":
        return inputs, found.target, ("progression",)
    grades = np.searchsorted(np.quantile(found.target, [0.2, 0.4, 0.6, 0.8]), found.target)
    return inputs, grades, ("1", "2", "3", "4", "5")


def data_set(task):
    """342 of the patients, and 100 in the test set."""
    inputs, targets, names = diabetes(task)

    def part(rows):
        return Examples(inputs[rows], targets[rows], rows, names)

    return Dataset(task, part(np.arange(342)), open_test=lambda: part(np.arange(342, 442)), val_size=0.3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    """The two plugins, and the domain of numbers with the two data sets."""
    modules = []
    for name, source in SOURCES.items():
        modules.append(type(name, (), {})())
        found = {"__name__": name}
        exec(compile(source, f"{name}.py", "exec"), found)
        modules[-1].register_tasks = found["register_tasks"]
    return load_plugins([NumbersPlugin({name: data_set(name) for name in SOURCES}), *modules])


@pytest.fixture(scope="module", params=sorted(SOURCES))
def task(request):
    return request.param


@pytest.fixture(scope="module")
def run(task, plugins, folder):
    options = {"epochs": 12, "lr": 0.01, "schedule": "one-cycle"}
    return dl.fit("numbers", task, task=task, plugins=plugins, runs=folder, devices=CPU, model="dense", **options)


# In the domain of numbers


def test_the_headline_is_the_rows_own_and_the_kept_epoch_is_best_by_it(run, task):
    headline = {"ordinal": "mean_rank_error", "quantiles": "pinball_loss"}[task]
    info, values = run.manifest.task, run.history.column(f"val_{headline}")
    assert (info.name, info.headline.name, info.headline.higher) == (task, headline, False)
    assert run.manifest.best_epoch == int(np.argmin(values)) + 1
    assert run.best[f"val_{headline}"] < min(one.score for one in run.manifest.baselines)


def test_the_baseline_is_the_one_of_the_row(run, task):
    (found,) = run.manifest.baselines
    _, targets, _ = diabetes(task)
    if task == "ordinal":
        assert (found.name, found.answer) == ("median", "always '3'")
        assert found.score == pytest.approx(np.abs(targets[:342] - 2).mean(), abs=0.15)  # of the validation set alone
    else:
        assert found.answer.startswith("always 10 % ") and "50 % 13" in found.answer


def test_a_test_part_is_scored_by_the_headline(run, task, plugins):
    found = dl.evaluate(run, plugins=plugins)
    assert found.info == run.manifest.task.headline and found.examples == 100
    assert found.score.low < found.score.value < found.score.high
    assert found.score.value == pytest.approx(found.metrics[found.info.name], abs=1e-4)


def test_a_prediction_says_the_class_or_names_the_quantiles(run, task, plugins, tmp_path):
    np.save(tmp_path / "rows.npy", diabetes(task)[0][:3])
    for found in dl.predict(run, tmp_path / "rows.npy", plugins=plugins):
        if task == "ordinal":
            assert list(found.values) == ["above 1", "above 2", "above 3", "above 4"]
            assert found.answer == str(1 + sum(value > 0.5 for value in found.values.values()))
        else:
            assert list(found.values) == ["10 %", "50 %", "90 %"]
            assert found.answer == ", ".join(f"{name} {value:.4g}" for name, value in found.values.items())


def test_a_run_whose_plugin_is_gone_says_so_in_one_line(run, task, tmp_path):
    without = load_plugins([NumbersPlugin({task: data_set(task)})])
    with pytest.raises(BadRun, match=f"its task '{task}' is not known to this dl; .* see: dl plugins") as error:
        dl.predict(run, tmp_path / "rows.npy", plugins=without)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("task_", "target", "error", "message"),
    [
        ("ordinal", np.linspace(0, 3, 40), BadOption, "--task ordinal needs classes in an order, but the target is"),
        ("quantiles", np.ones((40, 2)) * np.arange(40)[:, None], BadOption, "needs one column of real numbers"),
        ("ordinal", np.arange(40) % 5 - 1, BadData, "class numbers start at 0"),
        ("ordnal", np.arange(40) % 5, UnknownName, "no task named 'ordnal'; did you mean 'ordinal'"),
    ],
)
def test_a_target_or_a_name_that_does_not_fit_is_one_line(plugins, tmp_path, task_, target, error, message):
    given = Dataset("given", Examples(np.arange(40.0)[:, None], target, np.arange(40), ()), val_size=0.5)
    with_it = replace(load_plugins([NumbersPlugin({"given": given})]), tasks=plugins.tasks)
    with pytest.raises(error, match=message):
        dl.fit("numbers", "given", task=task_, plugins=with_it, runs=tmp_path, devices=CPU)


# From the command line, on a table


@pytest.fixture
def installed(site):
    """Both plugins, installed as distributions."""
    for name, source in SOURCES.items():
        site.add(name, source)


@pytest.fixture
def table(task, tmp_path):
    """The patients as a CSV."""
    inputs, targets, names = diabetes(task)
    cells = targets if task == "quantiles" else [names[k] for k in targets]
    with (tmp_path / "patients.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*(f"x{k}" for k in range(inputs.shape[1])), "outcome"])
        writer.writerows([*row, cell] for row, cell in zip(inputs.tolist(), cells, strict=True))
    return "patients.csv"


def fitted(dl_run, table, task, lr):
    done = dl_run("fit", "tabular", table, "--task", task, *FITTED, f"lr={lr}")
    assert done.code == 0, done.err
    return done


def test_a_table_is_fitted_reported_compared_and_predicted(installed, dl_run, table, task, monkeypatch):
    listed = dl_run("ls", "tasks", "--json")
    assert task in [row["name"] for row in listed.json]
    headline = {"ordinal": "mean rank error", "quantiles": "pinball loss"}[task]
    done = fitted(dl_run, table, task, 0.003)
    assert headline in done.out and "as asked with --task" in done.err
    report = dl_run("report", "last")
    assert report.code == 0 and "as asked with --task" in report.out
    assert headline in report.out and " points" not in report.out
    assert ("always '3'" if task == "ordinal" else "always 10 % ") in report.out
    as_json = dl_run("report", "last", "--json").json
    assert as_json["header"]["metric"] == {
        "name": headline.replace(" ", "_"),
        "higher": False,
        "perfect": 0.0,
        "kind": "mean",
    }
    said = [one["predicted"] for one in as_json["examples"] if one["part"] == "val"]
    assert said and all(one in "12345" if task == "ordinal" else one.startswith("10 % ") for one in said)
    assert (as_json["confusion"] is not None) == (task == "ordinal")
    assert dl_run("report", "last", "--html", "report.html").code == 0
    assert headline in Path("report.html").read_text(encoding="utf-8")
    fitted(dl_run, table, task, 0.0001)
    compared = dl_run("compare", "1", "2")
    assert compared.code == 0 and f"in {headline}" in compared.out and "0001" in compared.out.split(" is better")[0]
    predicted = dl_run("predict", "1", table, "--json")
    assert len(predicted.json) == 442
    monkeypatch.setenv("DL_PLUGINS", f"-{task}")
    gone = dl_run("predict", "1", table)
    assert gone.code == 2 and "is not known to this dl" in gone.err and len(gone.err.splitlines()) == 1
    still = dl_run("report", "1")
    assert still.code == 0 and headline in still.out


def test_the_plugin_conforms(installed, dl_run, task):
    done = dl_run("plugins", "check", task)
    assert done.code == 0, done.out
    assert f"task {task}: decode undoes encode" in done.out


def test_a_row_is_shown(installed, dl_run, task):
    done = dl_run("show", task)
    assert done.code == 0 and {"ordinal": "mean_rank_error", "quantiles": "pinball_loss"}[task] in done.out


def test_a_run_is_kept_with_all_that_a_report_asks(run, task):
    info = json.loads((run.path / "run.json").read_text())["task"]
    assert info["score"] == info["metrics"][0]["name"] and info["score_higher"] is False
    assert info["has_classes"] == (task == "ordinal") and info["probabilities"] == ""
