"""A regularizer is asked about on the first task and model that it does not refuse, and trained as a fit trains it."""

import pytest
import torch

from dl.errors import BadOption
from dl.regularizer import Regularizer
from dl.specs import RegularizerSpec
from dl.testing.regularized import EXAMPLES, STEPS, RegularizerSubject
from dl.testing.rules import Broken


def penalized(only_for="", refuses=()):
    """A penalty of the test's own that refuses some tasks."""

    def build(options, task):
        if task.info.name in refuses:
            raise BadOption(f"not for {task.info.name}")
        return Regularizer(penalty=lambda network: sum(one.square().sum() for one in network.parameters()))

    return RegularizerSpec("made", "penalty", "of a test", build, only_for=only_for)


def test_the_first_task_is_one_of_classes_and_the_model_that_of_the_domain_of_numbers(numbers):
    recipe, task, plugins = RegularizerSubject(penalized(), numbers, None).chosen
    assert (recipe.domain, recipe.model, task.info.name) == ("numbers", "dense", "multiclass")
    assert recipe.regularizers == {"made": {}} and plugins.regularizers["made"].place == "penalty"


def test_a_task_that_is_refused_leads_to_the_next(numbers):
    subject = RegularizerSubject(penalized(refuses=("multiclass", "binary")), numbers, None)
    assert subject.chosen[1].info.name == "regression"
    assert subject.refused[0] == "dense for multiclass: not for multiclass" and len(subject.refused) == 4


def test_one_that_refuses_all_is_told_with_the_first_refusal(numbers):
    refused = ("multiclass", "binary", "regression", "multilabel")
    with pytest.raises(Broken, match="it refuses every model and task, first dense for multiclass: not for multiclass"):
        RegularizerSubject(penalized(refuses=refused), numbers, None).chosen  # noqa: B018 - choosing is the check


def test_one_for_a_domain_is_asked_about_on_data_of_that_domain(numbers):
    subject = RegularizerSubject(penalized(only_for="vision"), numbers, None)
    assert subject.chosen[0].domain == "vision" and subject.inputs.shape[0] == EXAMPLES


def test_training_is_the_same_each_time_and_moves_the_weights(numbers):
    subject = RegularizerSubject(penalized(), numbers, None)
    start = torch.nn.utils.parameters_to_vector(subject.network(subject.regularizers()).parameters())
    (first, _, losses), (again, _, same_losses) = subject.trained(), subject.trained()
    ends = [torch.nn.utils.parameters_to_vector(one.parameters()) for one in (first, again)]
    assert len(losses) == STEPS and losses == same_losses
    assert torch.equal(*ends) and not torch.equal(start, ends[0])


def test_targets_belong_to_the_inputs_of_the_batch(numbers):
    subject = RegularizerSubject(penalized(), numbers, None)
    assert subject.targets.tolist() == [row % 3 for row in subject.batches.rows[:EXAMPLES]]
    assert subject.inputs is not subject.inputs  # a copy each time
