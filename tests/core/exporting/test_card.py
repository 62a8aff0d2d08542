"""The card names counts, hashes, scores, the recall of each class, what nobody checked, licences and the recipe."""

from dl.exporting.card import Licences, write_card
from dl.exporting.recall import Recall
from dl.plugins.loading import load_plugins


def test_a_card_holds_what_the_run_holds(visits, opened):
    manifest = visits.manifest
    recalls = (Recall("no", 4, 3), Recall("yes", 1, 0), Recall("maybe", 0, 0))
    licences = Licences("Apache-2.0", "CC0-1.0")
    card = write_card(visits, opened.recipe, load_plugins(), licences=licences, recalls=recalls, header=True)
    assert card.startswith(
        '---\nlibrary_name: "pytorch"\ntags: ["dl", "tabular", "binary"]\nlicense: "apache-2.0"\n---\n'
    )
    for line in (
        f"training {manifest.parts.train:,} examples, validation {manifest.parts.val:,}",
        f"Hash of the validation part: {manifest.parts.val_fingerprint}",
        f"Fitted: {manifest.created[:19]} UTC, 2 epochs",
        "| no | 4 | 75.0 % [30.1, 95.4] |",
        "| yes | 1 | 0.0 % [0.0, 79.3] |",
        "| maybe | 0 | - |",
        "- No test set was looked at; the data has none.",
        "- The classes are imbalanced: the rarest has",
        "- Data: CC0-1.0",
        "dl fit --recipe recipe.toml",
        'name = "dense"',
        "Verdict: ",
    ):
        assert line in card, line


def test_what_is_not_stated_is_said_to_be_so(visits, opened):
    card = write_card(visits, opened.recipe, load_plugins())
    assert "- Weights: not stated" in card and "## Recall of each class" not in card and not card.startswith("---")
