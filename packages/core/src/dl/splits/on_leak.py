"""What ``on_leak`` asks for where the guards find a leak: show it, refuse to fit, or mend it.

``warn`` shows what was found, ``stop`` refuses to fit, ``fix`` sets the options that the findings advise, reads and
splits anew, and looks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dl.data.examples import Dataset
from dl.defaults import Default
from dl.errors import BadData
from dl.finding import Finding
from dl.options import format_value
from dl.plugins.registry import Plugins
from dl.recipes.protocol import HOLDOUT
from dl.recipes.recipe import Recipe
from dl.splits.partition import DataSplits, guarded, load_dataset, split_data
from dl.splits.remedies import SETTINGS, SEVERAL, leaks_among, option_against
from dl.terminal import safe_text

if TYPE_CHECKING:
    from dl.domain import Domain

STOP, WARN, FIX = ON_LEAK = ("stop", "warn", "fix")
LONGEST = 300  # characters of an observation
MOST_ROUNDS = 5  # of reading anew; what is found then is shown


def settle_leaks(
    recipe: Recipe, dataset: Dataset, plugins: Plugins, domain: Domain
) -> tuple[Recipe, Dataset, tuple[Default, ...]]:
    """Do what ``on_leak`` asks for: nothing, refuse the leaks, or mend them.

    Returns:
        The recipe and the data set with the remedies, and the options that they set.

    Raises:
        BadData: If there is a leak and the fit is to stop.
    """
    asked = str(recipe.split.get("on_leak", WARN))
    if asked == WARN:
        return recipe, dataset, ()
    done: list[Default] = []
    for _ in range(MOST_ROUNDS):
        found = leaks_among(_one_split(recipe, dataset, plugins).findings)
        if asked == STOP:
            _refuse(found, recipe)
            break
        found = [one for one in found if dataset.val is None or one.code not in SETTINGS]  # its sides are its own
        mended = _mended(recipe, found)
        if mended is None:
            break
        recipe, default = mended
        done.append(default)
        dataset = load_dataset(recipe, plugins, domain)
    return recipe, dataset, tuple(done)


def unmended(recipe: Recipe, findings: Sequence[Finding]) -> list[str]:
    """Return the codes of leaks that were to be mended and are still there."""
    return (
        list(dict.fromkeys(one.code for one in leaks_among(findings)))
        if recipe.split.get("on_leak", WARN) == FIX
        else []
    )


def _one_split(recipe: Recipe, dataset: Dataset, plugins: Plugins) -> DataSplits:
    """Split as one fit does: what is found in a fold is found in a hold-out."""
    one = replace(recipe, split={**recipe.split, "protocol": HOLDOUT, "fold": 0})
    return guarded(dataset, split_data(dataset, one, plugins))


def _refuse(found: Sequence[Finding], recipe: Recipe) -> None:
    """Refuse issues.

    Raises:
        BadData: With the first of them, and what to do.
    """
    issues = [one for one in found if one.severity == "issue"]
    if not issues:
        return
    first, others = issues[0], len(issues) - 1
    more = f" (and {others} more)" if others else ""
    typed = [f"{name}={value}" for name, value in option_against(first, _given(recipe)).items()]
    advice = f"mend it: {' '.join(typed) or 'see dl explain ' + first.code}"
    able = ", or --on-leak fix" if typed else ""
    raise BadData(f"{first.code}{more}: {_observed(first)}  {advice}{able}; fit all the same: --on-leak warn")


def _observed(finding: Finding) -> str:
    """Return what a finding observed, without its advice."""
    return safe_text(finding.message.partition(";")[0], LONGEST)


def _mended(recipe: Recipe, found: Sequence[Finding]) -> tuple[Recipe, Default] | None:
    """Return the recipe with the option against the first leak that has one, and that option; None where none has."""
    for finding in found:
        for name, value in option_against(finding, _given(recipe)).items():
            default = Default(name, value, f"against {finding.code}: {_observed(finding)}")
            if name in recipe.split:
                return replace(recipe, split={**recipe.split, name: value}), default
            if name in recipe.data_options and (name in SEVERAL or not recipe.data_options[name]):
                return replace(recipe, data_options={**recipe.data_options, name: value}), default
    return None


def _given(recipe: Recipe) -> dict[str, str]:
    return {name: format_value(value) for name, value in {**recipe.split, **recipe.data_options}.items()}
