"""Do the remedies work? Two networks that overfit, with and without each regularizer, ten seeds each.

A seed draws the examples, the weights and the order, the same with and without, so that changes are paired. The gap is
the validation loss less the probe's, after the last epoch. The test set is opened for the weights that a run keeps,
those of its best epoch: it is what a user gets, and choosing that epoch is a remedy that the plain fit has, too.
Each regularizer stands as the report offers it, or at its default. Fits that are in ``results/remedies.json`` are not
made again.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import dl
from benchmarks.kept_fits import with_dataset
from benchmarks.measuring import RESULTS, publish
from dl.data.examples import Dataset
from dl.errors import BadOption
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.specs import RegularizerSpec
from dl.training.devices import Devices

SEEDS, VAL = 10, 1_500
NONE = ""  # the plain fit
NOTE = "first a network as it is, then what changes against it: pairs by seed, 95 % t-intervals"
Fit = dict[str, str | int | float]  # net, reg, seed, and what was measured
MEASURED = (  # name, title, what it is shown times, digits
    ("gap", "gap in loss", 1, 3),
    ("test_accuracy", "test accuracy in %", 100, 2),
    ("test_loss", "test loss", 1, 3),
)


@dataclass(frozen=True)
class Net:
    """A network that overfits.

    Args:
        description: What it is, and on what.
        domain: Of its inputs.
        train: Training examples.
        read: Returns the data set of a seed.
        choices: Of `dl.fit`.
    """

    description: str
    domain: str
    train: int
    read: Callable[[int, int], Dataset]
    choices: Mapping[str, str | int | float]


def digits(seed: int, train: int) -> Dataset:
    """Return so many digits of MNIST, `VAL` others, and its test digits."""
    whole = load_plugins().dataset("vision", "mnist").load({})
    chosen = np.random.default_rng([seed, train]).permutation(len(whole.train))
    val = whole.train.take(chosen[train : train + VAL])
    return Dataset("some-digits", whole.train.take(chosen[:train]), val=val, open_test=whole.open_test)


def reviews(seed: int, train: int) -> Dataset:
    """Return so many film reviews, `VAL` others, and 3,000 others as the test set."""
    whole = load_plugins().dataset("text", "imdb").load({"official": False, "data_dir": ""})
    chosen = np.random.default_rng([seed, train]).permutation(len(whole.train))
    first, second, third = np.split(chosen[: train + VAL + 3_000], [train, train + VAL])
    test = whole.train.take(third)
    return Dataset("reviews", whole.train.take(first), val=whole.train.take(second), open_test=lambda: test)


NETS = {
    "dense": Net(
        "dense 512-512 on 1,000 digits, 25 epochs",
        "vision",
        1_000,
        digits,
        {"recipe": "book-dense", "model": "dense", "depth": 2, "epochs": 25},
    ),
    "lstm": Net(
        "LSTM on the last 100 tokens of 2,000 reviews, 6 epochs",
        "text",
        2_000,
        reviews,
        {"recipe": "book-lstm", "model": "lstm", "max_len": 100, "batch_size": 64, "lr": 0.004, "epochs": 6},
    ),
}


def offered(plugins: Plugins, domain: str) -> dict[str, str]:
    """Return the regularizers of dl's own that fit a domain, each as it is typed; the plain fit first."""
    own = {name for state in plugins.states if state.own for name in state.registered.get("register_regularizers", ())}
    fitting = [spec for name, spec in plugins.regularizers.items() if name in own and spec.only_for in ("", domain)]
    return {NONE: NONE} | {spec.name: _typed(spec) for spec in sorted(fitting, key=lambda spec: spec.name)}


def _typed(spec: RegularizerSpec) -> str:
    return spec.typed({one.name: one.default for one in spec.options} | _first(spec))


def _first(spec: RegularizerSpec) -> dict[str, str]:
    return {spec.options[0].name: spec.remedy} if spec.remedy else {}


def measure(net: Net, reg: str, seed: int, dataset: Dataset) -> Fit:
    """Fit once, and look at the test set once."""
    plugins = with_dataset(dataset, net.domain)
    name, _, value = reg.partition("=")
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit(
            net.domain,
            dataset.name,
            seed=seed,
            reg={name: value} if name else {},
            runs=folder,
            plugins=plugins,
            devices=Devices("cpu", "1"),
            **net.choices,  # type: ignore[arg-type]  # names and options together
        )
        if run.manifest.status != "finished":
            raise SystemExit(f"{run.manifest.message}; run this again to go on")
        last, look = run.history.rows[-1], dl.evaluate(run, plugins=plugins)
        return {
            "seed": seed,
            "epochs": len(run.history),
            "gap": last["val_loss"] - last["probe_loss"],
            "test_accuracy": look.score.value,
            "test_loss": look.loss,
        }


def fits() -> list[Fit]:
    """Return all fits: those that are kept, and the others, made now and kept one by one."""
    path = RESULTS / "remedies.json"
    kept: list[Fit] = json.loads(path.read_text())["fits"] if path.exists() else []
    done = {(fit["net"], fit["reg"], fit["seed"]) for fit in kept}
    plugins, refused = load_plugins(), set[tuple[str, str]]()  # what does not fit the inputs, like mixup on tokens
    for seed in range(SEEDS):
        for name, net in NETS.items():
            known = [reg for reg in offered(plugins, net.domain).values() if (name, reg) not in refused]
            wanted = [reg for reg in known if (name, reg, seed) not in done]
            dataset = net.read(seed, net.train) if wanted else None
            for reg in wanted:
                assert dataset is not None
                try:
                    kept.append({"net": name, "reg": reg, **measure(net, reg, seed, dataset)})
                except BadOption:
                    refused.add((name, reg))
                else:
                    keep(kept)
    return kept


def keep(kept: Sequence[Fit]) -> None:
    """Write the fits down, so that the benchmark goes on here where it is stopped."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "remedies.json").write_text(json.dumps({"fits": list(kept)}))


def table(kept: Sequence[Fit]) -> list[dict[str, object]]:
    """Return a row for each network as it is, and one for each regularizer: how much it changes, paired over seeds."""
    rows: list[dict[str, object]] = []
    for name in NETS:
        of_net = [fit for fit in kept if fit["net"] == name]
        by_reg: dict[str, dict[int, Fit]] = {}
        for fit in of_net:
            by_reg.setdefault(str(fit["reg"]), {})[int(fit["seed"])] = fit
        plain = by_reg.pop(NONE, {})
        for reg, changed in {NONE: plain, **dict(sorted(by_reg.items()))}.items():
            seeds = sorted(set(plain) & set(changed))
            if len(seeds) > 1:
                rows.append(_row(name, reg, [(changed[seed], plain[seed]) for seed in seeds]))
    return rows


def _row(name: str, reg: str, pairs: Sequence[tuple[Fit, Fit]]) -> dict[str, object]:
    row: dict[str, object] = {"net": name, "with": f"--reg {reg}" if reg else "nothing", "seeds": len(pairs)}
    for what, title, factor, digits_ in MEASURED:
        values = np.array([float(ours[what]) - (float(plain[what]) if reg else 0) for ours, plain in pairs])
        row[title] = _mean(factor * values, f"{'+' if reg else ''}.{digits_}f")
    return row


def _mean(values: NDArray[np.float64], form: str) -> str:
    """Return the mean with its 95 % t-interval over seeds."""
    mean, half = values.mean(), stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return f"{mean:{form}} [{mean - half:{form}}, {mean + half:{form}}]"


def main() -> None:
    """Fit what is not kept yet, and print and keep the table."""
    kept = fits()
    nets = "; ".join(f"{name}: {net.description}" for name, net in NETS.items())
    publish("remedies", f"Do the remedies work? {nets}", table(kept), NOTE, fits=kept)
