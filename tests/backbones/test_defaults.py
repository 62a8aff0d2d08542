"""What follows from the number of images for networks learnt on photographs."""

from dl.defaults import DataFacts, FitFacts
from dl_backbones.defaults import defaults
from dl_vision.defaults import defaults as from_the_start

OPTIONS = {"weights": "auto", "unfreeze": 0, "epochs": 2, "batch_size": 128}


def facts(train=1_600, **options):
    return FitFacts(DataFacts(train + 400, shape=(224, 224, 3)), train, 400, "efficientnet-lite0", OPTIONS | options)


def chosen(found):
    return {one.name: one.value for one in found}


def test_a_head_takes_about_nine_hundred_steps_and_its_inputs_are_not_changed():
    found = chosen(defaults(facts()))
    assert found["batch_size"] * found["epochs"] == 64 * 36
    assert "random-shift" not in found


def test_stages_that_are_trained_take_fewer_and_smaller_steps():
    head, fine = chosen(defaults(facts())), chosen(defaults(facts(unfreeze=2)))
    assert fine["epochs"] < head["epochs"]
    assert fine["lr"] < head["lr"]


def test_batches_of_few_images_are_small():
    assert chosen(defaults(facts(train=40)))["batch_size"] == 8


def test_what_is_learnt_from_the_start_has_the_defaults_of_images():
    asked = facts(weights="none")
    assert list(defaults(asked)) == list(from_the_start(asked))
