"""An opened run computes logits in one go or one by one, and is an ensemble of itself alone."""

import numpy as np

from dl.inference.load import reopen


def test_logits_do_not_depend_on_the_other_examples_in_the_batch(fit, blobs, plugins_with):
    given = blobs()
    opened = reopen(fit(given, model="dense", epochs=1), plugins_with(given=given))
    logits = opened.logits(given.train).numpy()
    alone = np.concatenate([opened.logits(given.train.take(np.array([k]))).numpy() for k in range(5)])
    assert np.allclose(logits[:5], alone, atol=1e-6)
    assert opened.members == (opened,)


def test_inputs_in_memory_are_read_like_the_data_of_the_run(fit, blobs, plugins_with):
    given = blobs()
    opened = reopen(fit(given, epochs=1), plugins_with(given=given))
    assert np.array_equal(opened.read(given.train.inputs[:3]).inputs, given.train.inputs[:3])
