"""Predict new raw inputs with a run: files, folders, tables, arrays, texts."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dl.data.examples import Examples, concatenate_examples, row_of
from dl.data.memory import FRAME, Given, take
from dl.data.paths import looks_like_file
from dl.data.ragged import as_text
from dl.domain import Sampling, encode_examples
from dl.errors import BadData, BadOption
from dl.inference.load import LoadedRun, reopen
from dl.options import Options, check
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.recipes.resolve import looks_like_path
from dl.runs.report import Which, find_run
from dl.tables.options import OF_RAW_INPUTS, is_table, refuse_options
from dl.terminal import safe_text
from dl.words import hold

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model


MOST_TOKENS = 100_000  # generated after one prompt
NAMED = 3  # inputs in a message


class UnknownInputs(UserWarning):
    """Inputs of a prediction hold nothing that the run has learnt, such as texts without a known word."""


@dataclass(frozen=True)
class Prediction:
    """The prediction for one input.

    Args:
        source: The file, row or position of the input; for next-token the prompt itself.
        answer: The class, the labels, or the numbers, in words; for next-token the generated text.
        values: The probability of each class or label, or the number of each target column; empty for next-token.
    """

    source: str
    answer: str
    values: dict[str, float]


def predict(
    run: Which,
    inputs: object = (),
    *,
    texts: Sequence[str] = (),
    model: Model | None = None,
    runs: str | Path = "runs",
    plugins: Plugins | None = None,
    tokens: int | None = None,
    temperature: float | None = None,
    seed: int | None = None,
    **options: object,
) -> list[Prediction]:
    """Predict new inputs with a run's best weights, or generate text from a prompt.

    Args:
        run: A run, its path, name or number, or ``last``.
        inputs: Paths of files, folders or tables, read like the run's own data; or inputs in memory, as `dl.fit` takes
            them: an array, a tensor, a frame, images. For a run on texts, a string that is not a path, nor looks like
            one, is a text.
        texts: Texts, even if they look like paths; for runs on texts.
        model: The network, if the fit used one in memory and ``run`` no longer holds it.
        runs: Folder of run folders, unless ``run`` is a path.
        plugins: The registered plugins; None loads the installed ones.
        tokens: Number of tokens to generate, for a run of the task next-token; None for 200.
        temperature: Divides the logits before a token is drawn; 0 takes the most probable token; None for 0.8.
        seed: Of these draws; None for 0.
        **options: Options of reading that differ from the run's own data: ``input="body"``, ``encoding="latin-1"``, ...

    Raises:
        BadData: If inputs do not fit the run, or a text cannot be continued.
        BadFile: If a file cannot be read as an input of the run's domain.
        BadOption: If an option does not apply to the run's task.
        BadRun: If the run cannot be opened.

    Example:
        >>> dl.predict(run, images)[0].answer
        >>> dl.predict("last", "photo.png")
        >>> dl.predict(reviews, ["a film to remember", "two hours of my life"])
    """
    plugins = plugins or load_plugins()
    opened = reopen(find_run(run, runs), plugins, model)
    sources, raw = _sorted(opened, inputs)
    reading = _reading(opened, plugins, options, sources, raw)
    draw = _draw(opened, {"tokens": tokens, "temperature": temperature, "seed": seed})
    if opened.task.row.from_inputs and not sources and raw is None and not texts:
        raise BadData(
            f"{opened.run.name} generates text from a prompt, and none was given  example: --text 'Once upon'"
        )
    read = [] if raw is None else [opened.read(raw, reading)]
    if sources or not (read or texts):
        read.append(opened.domain.read_raw(sources, opened.preprocessor, reading))
    if texts:
        read.append(_from_strings(opened, texts))
    examples = concatenate_examples(read)
    if opened.task.row.from_inputs:
        return _continued(opened, examples, draw)
    return answers(opened, examples)


def answers(opened: LoadedRun, examples: Examples) -> list[Prediction]:
    """Predict raw examples, as words and values."""
    _warn_of_unknown(opened, examples)
    logits = opened.logits(examples)
    preds, answers = opened.task.preds(logits), opened.task.answers(logits)
    assert answers is not None  # every task but next-token has answers
    return [
        Prediction(examples.source(k), opened.task.in_words(answer), opened.task.by_name(pred))
        for k, (pred, answer) in enumerate(zip(preds, answers, strict=True))
    ]


def _sorted(opened: LoadedRun, inputs: object) -> tuple[list[Path], Given | None]:
    """Separate paths from inputs in memory.

    Raises:
        BadData: If a list holds both paths and texts.
    """
    if isinstance(inputs, (str, os.PathLike)):
        inputs = [inputs]
    if not isinstance(inputs, (list, tuple)) or not all(isinstance(one, (str, os.PathLike)) for one in inputs):
        return [], take(inputs)
    reads_texts = opened.domain.from_strings is not None
    texts = [one for one in inputs if reads_texts and isinstance(one, str) and not _means_path(one)]
    if not texts:
        return [Path(one) for one in inputs], None
    if len(texts) < len(inputs):
        path = next(one for one in inputs if one not in texts)
        raise BadData(f"a list of paths and texts: {safe_text(path, 40)!r} is a path; give the texts as texts=")
    return [], take(texts)


def _means_path(word: str) -> bool:
    return looks_like_path(word) or looks_like_file(word) or os.path.exists(word)  # noqa: PTH110 - Path.exists raises on some texts


def _reading(
    opened: LoadedRun, plugins: Plugins, given: Mapping[str, object], paths: Sequence[Path], raw: Given | None
) -> Options:
    """Return the run's data options, updated by the given options of reading.

    Raises:
        BadOption: If an option does not concern raw inputs, or is for tables and there is none.
    """
    known = [option for option in plugins.domain(opened.recipe.domain).options if option.name in OF_RAW_INPUTS]
    checked = check(known, given, "a prediction")
    chosen = {name: checked[name] for name in given}
    if not any(map(is_table, paths)) and (raw is None or raw.form != FRAME):
        of_tables = {name: value for name, value in chosen.items() if name != "encoding"}
        refuse_options(of_tables, ", ".join(map(str, paths)) or "a text", "no table")
    return {**opened.recipe.data_options, **chosen}


def _warn_of_unknown(opened: LoadedRun, examples: Examples) -> None:
    """Warn of inputs without any known word or value: their prediction does not depend on them."""
    if not len(examples):
        return
    unknown = np.flatnonzero(opened.preprocessor.all_unknown(encode_examples(examples, opened.preprocessor).inputs))
    if len(unknown):
        first = ", ".join(safe_text(examples.source(int(at))) for at in unknown[:NAMED])
        count = f"{len(unknown):,} of {len(examples):,} inputs {hold(len(unknown))} nothing that this run knows"
        more = ", ..." if len(unknown) > NAMED else ""
        warnings.warn(f"{count}: {first}{more}; their predictions mean nothing", UnknownInputs, stacklevel=3)


def _draw(opened: LoadedRun, options: dict[str, float | None]) -> Sampling:
    """Return the settings of generation, with those that were given.

    Raises:
        BadOption: If the run's task generates nothing, or a number is out of range.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if given and not opened.task.row.from_inputs:
        name = next(iter(given))
        raise BadOption(
            f"{name} is for runs that generate text; the task of {opened.run.name} is {opened.task.row.name}"
        )
    draw = replace(Sampling(), **given)  # type: ignore[arg-type]  # as typed by `predict`
    if not 1 <= draw.tokens <= MOST_TOKENS:
        raise BadOption(f"tokens={draw.tokens}: expected a whole number from 1 to {MOST_TOKENS:,}")
    if not 0 <= draw.temperature < math.inf:
        raise BadOption(f"temperature={draw.temperature}: expected 0 or more")
    if not 0 <= draw.seed < 1 << 63:
        raise BadOption(f"seed={draw.seed}: expected a whole number from 0 to {(1 << 63) - 1}")
    return draw


def _continued(opened: LoadedRun, examples: Examples, draw: Sampling) -> list[Prediction]:
    assert opened.domain.generate is not None  # a domain that cuts texts into windows has it
    prompts = [as_text(row_of(examples.inputs, position)) for position in range(len(examples))]
    generate = opened.domain.generate
    return [Prediction(text, generate(opened.network, opened.preprocessor, text, draw), {}) for text in prompts]


def _from_strings(opened: LoadedRun, texts: Sequence[str]) -> Examples:
    if opened.domain.from_strings is None:
        raise BadOption(f"a run of {opened.recipe.domain} reads no texts; give files or folders")
    return opened.domain.from_strings(texts)
