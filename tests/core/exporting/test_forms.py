"""Autoencoders, frames, strings and language models are exported, and answer raw inputs as their runs do."""

import runpy
import subprocess
import sys
import warnings

import numpy as np
import onnxruntime
import pytest

import dl
from dl.exporting.formats import FORMATS
from dl.exporting.loader import Network
from dl.inference.predict import features

STORY = "Once upon a time there was a king who had a red hat, and a caf\u00e9.\n" * 60


def exported(run, tmp_path, formats=("folder", "onnx")):
    """Export a run, compare each format with it, and return what was written."""
    found = {}
    for name, kind in ((name, FORMATS[name]) for name in formats):
        done = run.export(name, out=tmp_path / f"network-{name}{kind.suffix}")
        assert done.agreement.share == 1.0
        found[name] = done
    return found


def session_of(done):
    return onnxruntime.InferenceSession(done.path, providers=["CPUExecutionProvider"])


@pytest.mark.check
def test_a_row_has_its_codes_and_its_error(tmp_path, one_thread):
    run = dl.fit("tabular", "wine", task="reconstruction", epochs=2, runs=tmp_path / "runs", rivals=False)
    network = Network(exported(run, tmp_path, [*FORMATS])["folder"].path)
    alcohol = {"alcohol": [12.0, 13.0]}
    rows = {one["name"]: [np.nan, np.nan] for one in network.config["inputs"]} | alcohol
    found = network(**rows)
    given = {name: np.array(values) for name, values in rows.items()}
    warnings.simplefilter("ignore")  # no training row lacks a number
    wanted = [one.values["squared_error"] for one in dl.predict(run, given)]
    assert list(found) == ["codes", "values"]
    assert np.allclose(found["values"][:, 0], wanted, rtol=1e-4)
    assert np.allclose(found["codes"], features(run, given).values, rtol=1e-3, atol=1e-5)


@pytest.mark.check
@pytest.mark.parametrize("model", ["conv-autoencoder", pytest.param("autoencoder", marks=pytest.mark.slow)])
def test_a_picture_has_its_reconstruction_its_codes_and_its_error(model, tmp_path, one_thread):
    told = {"task": "reconstruction", "model": model, "epochs": 1, "rivals": False}
    run = dl.fit("vision", "digits", runs=tmp_path / "runs", **told)
    done = exported(run, tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), np.uint8)
    found = Network(done["folder"].path)(image=pixels)
    again, codes, values = session_of(done["onnx"]).run(None, {"image": pixels})
    assert again.shape == pixels.shape and again.dtype == np.uint8
    assert np.abs(found["reconstruction"].astype(int) - again).max() <= 1
    assert np.allclose(found["codes"], codes, rtol=1e-3, atol=1e-4)
    wanted = [one.values["squared_error"] for one in dl.predict(run, pixels)]
    assert np.allclose(values[:, 0], wanted, rtol=1e-4)


@pytest.mark.check
def test_frames_of_any_size_have_the_frame_that_follows(tmp_path, one_thread):
    place = np.arange(20)[:, None] + np.arange(8)
    films = np.zeros((20, 8, 12, 12), np.uint8)
    films[np.arange(20)[:, None], np.arange(8), 6, place % 12] = 255
    told = {"steps": 4, "width": 4, "epochs": 1, "rivals": False}
    run = dl.fit("frames", films, runs=tmp_path / "runs", **told)
    done = exported(run, tmp_path)
    assert done["folder"].agreement.of == "pixel" and done["folder"].agreement.difference <= 1
    newest = films[:3, -4:, :, :, None]
    wanted = np.stack([one.frames[0] for one in dl.predict(run, films[:3])])
    found = Network(done["folder"].path)(frames=newest)["frame"]
    (frame,) = session_of(done["onnx"]).run(None, {"frames": newest})
    for one in (found, frame):
        assert one.dtype == np.uint8 and np.abs(one.astype(int) - wanted).max() <= 1
    larger = newest.repeat(2, axis=2).repeat(2, axis=3)
    assert Network(done["folder"].path)(frames=larger)["frame"].shape == found.shape


@pytest.mark.check
def test_a_line_is_read_as_text(tmp_path, one_thread):
    rng = np.random.default_rng(0)
    strings = ["".join(rng.choice(["a", "b"], rng.integers(1, 4))) for _ in range(80)]
    images = np.zeros((80, 8, 48), np.uint8)
    for image, string in zip(images, strings, strict=True):
        for at, letter in enumerate(string):
            image[1:7, 3 + 12 * at : 9 + 12 * at] = 255 if letter == "a" else 90
    told = {"task": "ctc", "model": "crnn", "width": 4, "units": 8, "epochs": 40, "lr": 0.01, "rivals": False}
    run = dl.fit("vision", (images, strings), runs=tmp_path / "runs", **told)
    done = exported(run, tmp_path)
    wanted = dl.predict(run, images[:9])
    found = Network(done["folder"].path)(image=images[:9, :, :, None])
    probabilities, values, answers = session_of(done["onnx"]).run(None, {"image": images[:9, :, :, None]})
    assert found["answer"].tolist() == list(answers) == [one.answer for one in wanted]
    assert np.allclose(values[:, 0], [one.values["confidence"] for one in wanted], atol=1e-4)
    assert probabilities.shape[2] == 3 and np.allclose(probabilities.sum(axis=2), 1, atol=1e-5)
    assert len(set(answers)) > 1 and max(map(len, answers)) > 1


@pytest.mark.check
@pytest.mark.parametrize(
    "model, tokens", [("lstm", "chars"), pytest.param("transformer", "bpe", marks=pytest.mark.slow)]
)
def test_a_language_model_tells_the_next_token_and_continues_texts(model, tokens, tmp_path, one_thread):
    (tmp_path / "story.txt").write_text(STORY, encoding="utf-8")
    sizes = {"vocabulary": 300} if tokens == "bpe" else {}
    told = {"task": "next-token", "model": model, "tokens": tokens, "window": 40, "epochs": 1, "rivals": False, **sizes}
    run = dl.fit("text", tmp_path / "story.txt", runs=tmp_path / "runs", **told)
    done = exported(run, tmp_path)
    prompts = ["Once upon", "", "a red hat, \u4e2d and", STORY]  # of which one holds an unknown letter, one is long
    network = Network(done["folder"].path)
    found = network(text=prompts)
    code = runpy.run_path(str(done["folder"].path / "tokenizer.py"))
    settings = network.config["inputs"][0]["settings"]
    given = np.array(prompts, object) if tokens == "chars" else code["encode"](prompts, settings)
    answers = session_of(done["onnx"]).run(["answer"], {"text": given})[0].tolist()
    assert answers == [*found["answer"][:2], "" if tokens == "chars" else found["answer"][2], found["answer"][3]]
    warnings.simplefilter("ignore")  # the unknown letter
    likeliest = [one.answer for one in dl.predict(run, texts=prompts[:1] + prompts[2:], tokens=1, temperature=0)]
    names = found["answer"][[0, 2, 3]].tolist()
    ids = [settings["vocabulary"].index(name) + 2 for name in names]
    assert [code["decode"]([at], settings) for at in ids] == likeliest
    assert np.allclose(found["probabilities"].sum(axis=1), 1, atol=1e-5)
    generate = runpy.run_path(str(done["folder"].path / "generate.py"))["generate"]
    for temperature, seed in ((0, 0), (0.8, 3)):
        (wanted,) = dl.predict(run, texts=["Once upon"], tokens=60, temperature=temperature, seed=seed)
        assert generate(network, "Once upon", 60, temperature, seed) == wanted.answer
    command = [sys.executable, "generate.py", "Once upon", "5"]
    shown = subprocess.run(command, cwd=done["folder"].path, capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("Once upon")
