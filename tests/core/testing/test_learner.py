"""A learner of a plugin is held to its rules, and one that breaks them is told which."""

from functools import partial

import pytest
from sklearn.linear_model import SGDClassifier

from dl.learner import Learner
from dl.plugins.loading import load_plugins
from dl.specs import ModelSpec
from dl.testing import check_model
from dl.testing.rules import DoesNotConform


@pytest.mark.parametrize(("domain", "name"), [("tabular", "boosting"), ("text", "bayes"), ("vision", "neighbours")])
def test_dls_own_hold(domain, name):
    plugins = load_plugins()
    rules = check_model(plugins.model(domain, name), plugins)
    assert len(rules) == 9


def test_a_learner_without_a_seed_and_one_that_forgets_are_found():
    def rows(_learnt, subset):
        return subset.examples.array[subset.index].reshape(len(subset), -1) / 255

    def classifier(options):
        make = partial(SGDClassifier, loss="log_loss", max_iter=5)
        return Learner("by chance", make, lambda train: (None, rows(None, train)), rows)

    with pytest.raises(DoesNotConform, match="give the estimator a random_state"):
        check_model(ModelSpec("tree", "vision", "of a test", classifier=classifier))

    class Own(SGDClassifier):
        """A type that nobody trusts."""

    def of_own_type(options):
        make = partial(Own, random_state=0, loss="log_loss")
        return Learner("its own", make, lambda train: (None, rows(None, train)), rows)

    with pytest.raises(DoesNotConform, match=r"name them in Learner\.trusted"):
        check_model(ModelSpec("own", "vision", "of a test", classifier=of_own_type))
