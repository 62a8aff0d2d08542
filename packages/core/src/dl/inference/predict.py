"""Predict new raw inputs with a run: files, folders, tables, arrays, texts."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Examples, concatenate_examples
from dl.data.folders import SkippedFiles
from dl.data.memory import FRAME, Given, take
from dl.data.paths import looks_like_file
from dl.data.ragged import Ragged, as_text
from dl.data.ragged import texts as ragged_texts
from dl.domain import Preprocessor, Sampling
from dl.errors import BadData, BadOption
from dl.inference.frames import check_ahead, continue_frames, newest, next_names
from dl.inference.load import reopen
from dl.inference.loaded import LoadedRun
from dl.inference.ranks import query_cells, ranks
from dl.options import Options, check
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.recipes.resolve import looks_like_path
from dl.runs.report import Which, find_run
from dl.tables.options import OF_RAW_INPUTS, is_table, refuse_options
from dl.tables.table import SkippedRows, warn_skipped
from dl.terminal import safe_text
from dl.words import hold, were

if TYPE_CHECKING:
    from torch import Tensor

    from dl.plugins.at_hand import Model


MOST_TOKENS = 100_000  # generated after one prompt
WIDEST_BEAM = 1_000  # strings
NAMED = 3  # inputs in a message
SHOWN = 40  # characters of a prompt in a message


NOTHING_KNOWN = "nothing in it is known to the run; the answer means nothing"
NO_PROMPT = "no prompt was given: the text begins as a training text does"
NOTHING_GIVEN: Mapping[str, float | None] = MappingProxyType({})


class UnknownInputs(UserWarning):
    """Inputs of a prediction hold nothing that the run has learnt, such as texts without a known word."""


class UnseenValues(UserWarning):
    """Inputs of a prediction hold what the training set lacks, such as a new category or a number far outside."""


@dataclass(frozen=True)
class Prediction:
    """The prediction for one input.

    Args:
        source: The file, row or position of the input; for next-token the prompt itself.
        answer: The class, the labels, or the numbers, in words; for next-token the generated text. Empty for an input
            that was skipped.
        values: The probability of each class or label, or the number of each target column; of a row that is ranked
            its ``score`` and ``rank``; empty for next-token, and for an input that was skipped.
        notes: What the input holds that the training set lacks, and how it was read; or why it was skipped.
        heads: Of several targets, the answer to each in words, by name; empty for one target.
        frames: Of next-frame, the frames that follow, (K, H, W, C) in uint8, whose names are the answer; None for other
            tasks.
    """

    source: str
    answer: str
    values: dict[str, float]
    notes: tuple[str, ...] = ()
    heads: dict[str, str] = field(default_factory=dict)
    frames: NDArray[np.uint8] | None = field(default=None, compare=False)


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
    beam: int | None = None,
    ahead: int | None = None,
    strict: bool = False,
    **options: object,
) -> list[Prediction]:
    """Predict new inputs with a run's best weights, or generate text from a prompt.

    An input with what the training set lacks is predicted all the same, with a note: an unseen category, a number far
    outside the range seen, a missing value where none was.

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
        beam: Number of strings that are kept at each step of a search for the most probable one, for a run that reads
            strings; None takes the string of the most probable path.
        ahead: Number of frames to predict, each from those before it, for a run of the task next-frame; None for 1.
        strict: Whether an input that would have a note is an error.
        **options: Options of reading that differ from the run's own data: ``input="body"``, ``encoding="latin-1"``, ...

    Raises:
        BadData: If inputs do not fit the run, or one would have a note and ``strict`` is True.
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
    given = {"tokens": tokens, "temperature": temperature, "seed": seed}
    return predict_opened(opened, plugins, inputs, texts, given, beam=beam, ahead=ahead, strict=strict, **options)


def predict_opened(
    opened: LoadedRun,
    plugins: Plugins,
    inputs: object = (),
    texts: Sequence[str] = (),
    sampling: Mapping[str, float | None] = NOTHING_GIVEN,
    *,
    beam: int | None = None,
    ahead: int | None = None,
    strict: bool = False,
    **options: object,
) -> list[Prediction]:
    """Predict as `predict`, with a run that is loaded once for many calls.

    Args:
        opened: The run.
        plugins: The registered plugins.
        inputs: Paths, or inputs in memory.
        texts: Texts, even if they look like paths.
        sampling: The arguments ``tokens``, ``temperature`` and ``seed``; None, or left out, for the usual value.
        beam: As for `predict`, as are the others.
        ahead: Number of frames.
        strict: Whether an input that would have a note is an error.
        **options: Options of reading.

    Raises:
        DLError: As `predict`.
    """
    generates = opened.task.info.tells_tokens
    sources, raw = _sorted(opened, inputs)
    reading = _reading(opened, plugins, options, sources, raw)
    _check_beam(opened, beam)
    steps = check_ahead(opened, ahead)
    draw = _draw(opened, sampling)
    read = _read(opened, sources, raw, reading, bool(texts) or generates, strict=strict)
    if generates:
        return _continued(opened, concatenate_examples(read) if read else None, texts, draw, strict=strict)
    if texts:
        read.append(_from_strings(opened, texts))
    if opened.task.info.predicts_frames:
        return _frames(opened, concatenate_examples(read if raw is None else [newest(one) for one in read]), steps)
    examples = concatenate_examples(read)
    found = answers(opened, examples, beam=beam, strict=strict)
    return _ranked(found, query_cells(examples, sources, raw, reading)) if opened.task.info.by_query else found


@dataclass(frozen=True)
class Features:
    """What a network has learnt of some inputs.

    Args:
        sources: (N) the file, row or position of each input.
        names: (F) of the columns.
        values: (N, F) float32.
    """

    sources: tuple[str, ...]
    names: tuple[str, ...]
    values: NDArray[np.float32]


def features(
    run: Which,
    inputs: object = (),
    *,
    texts: Sequence[str] = (),
    runs: str | Path = "runs",
    plugins: Plugins | None = None,
    strict: bool = False,
    **options: object,
) -> Features:
    """Compute the codes of new inputs, or what the last layer of a network reads, by a run's best weights.

    Args:
        run: As for `predict`, as are the others.
        inputs: Paths, or inputs in memory.
        texts: Texts, even if they look like paths.
        runs: Folder of run folders, unless ``run`` is a path.
        plugins: The registered plugins; None loads the installed ones.
        strict: Whether an input that would have a note is an error.
        **options: Options of reading.

    Raises:
        DLError: As `predict`, and `BadOption` if the run has no features.
    """
    plugins = plugins or load_plugins()
    opened = reopen(find_run(run, runs), plugins)
    examples = read_inputs(opened, plugins, inputs, texts, strict=strict, **options)
    _check_notes(examples, notes_on(opened, examples), strict=strict)
    values = opened.features(examples)
    noun = "code" if opened.task.info.reconstructs else "feature"
    names = tuple(f"{noun}_{number}" for number in range(1, values.shape[1] + 1))
    return Features(tuple(examples.every_source()), names, values.numpy())


def read_inputs(
    opened: LoadedRun,
    plugins: Plugins,
    inputs: object = (),
    texts: Sequence[str] = (),
    *,
    strict: bool = False,
    **options: object,
) -> Examples:
    """Read raw inputs as `predict` reads them, those given as texts last; the arguments are those of `predict_opened`.

    Raises:
        DLError: As `predict`.
    """
    sources, raw = _sorted(opened, inputs)
    read = _read(opened, sources, raw, _reading(opened, plugins, options, sources, raw), bool(texts), strict=strict)
    return concatenate_examples([*read, *([_from_strings(opened, texts)] if texts else [])])


def _read(
    opened: LoadedRun, sources: Sequence[Path], raw: Given | None, reading: Options, empty: bool, *, strict: bool
) -> list[Examples]:
    """Read paths, or inputs in memory.

    Args:
        opened: The run.
        sources: Paths.
        raw: Inputs in memory, or None.
        reading: The options of reading.
        empty: Whether there may be neither.
        strict: Whether what was skipped will be an error.

    Raises:
        BadData: If there is no input.
    """
    if not (sources or empty) and raw is None:
        raise BadData("there is no input to predict; pass files or folders, - for stdin, or a text with --text")
    with _silenced(strict):
        read = [] if raw is None else [_from_memory(opened, raw, reading)]
        if sources:
            read.append(opened.domain.read_raw(sources, opened.preprocessor, reading))
    return read


@contextmanager
def _silenced(strict: bool) -> Iterator[None]:
    """Ignore warnings of what was skipped, where it will be an error."""
    with warnings.catch_warnings():
        for category in (SkippedRows, SkippedFiles) if strict else ():
            warnings.simplefilter("ignore", category)
        yield


def answers(
    opened: LoadedRun,
    examples: Examples,
    *,
    beam: int | None = None,
    strict: bool = False,
    logits: Tensor | None = None,
) -> list[Prediction]:
    """Predict raw examples, as words and values; what was left out stands at its place, without an answer.

    Args:
        opened: The run.
        examples: N raw examples.
        beam: As for `predict`.
        strict: Whether an input that would have a note is an error.
        logits: (N, K), where they were computed already, together with those of other examples.

    Raises:
        BadData: If an input would have a note and ``strict`` is True.
    """
    notes = notes_on(opened, examples)
    _check_notes(examples, notes, strict=strict)
    logits = opened.logits(examples) if logits is None else logits
    preds, answers = opened.task.preds(logits), opened.task.answers(logits)
    if beam and opened.task.row.search is not None:
        answers = opened.task.row.search(preds, beam)
    assert answers is not None  # every task but next-token has answers
    words, values = opened.task.all_in_words(answers), opened.task.all_by_name(preds)
    by_head = map(opened.task.row.answers_by_head, answers) if opened.task.row.heads else ({} for _ in words)
    columns = zip(examples.every_source(), words, values, by_head, strict=True)
    found = [
        Prediction(source, answer, numbers, tuple(notes.get(at, ())), each)
        for at, (source, answer, numbers, each) in enumerate(columns)
    ]
    return _with_left_out(found, examples)


def _ranked(found: list[Prediction], queries: Sequence[str]) -> list[Prediction]:
    """Return predictions of rows with their ranks within their queries; as they are where these are not known."""
    scored = [at for at, one in enumerate(found) if one.values]
    if len(queries) != len(scored):
        return found
    every = list(found)
    places = ranks([found[at].values["score"] for at in scored], queries)
    for at, (rank, words) in zip(scored, places, strict=True):
        every[at] = replace(found[at], answer=words, values={**found[at].values, "rank": float(rank)})
    return every


def _frames(opened: LoadedRun, windows: Examples, ahead: int) -> list[Prediction]:
    """Predict the frames that follow each window; an answer names them."""
    every = continue_frames(opened, windows, ahead)
    return [
        Prediction(source, ", ".join(next_names(source, ahead)), {}, frames=frames)
        for source, frames in zip(windows.every_source(), every, strict=True)
    ]


def notes_on(opened: LoadedRun, examples: Examples) -> dict[int, list[str]]:
    """Return by position what raw examples hold that the training set lacks, in words."""
    if not len(examples):
        return {}
    by_network = [_notes_of(examples, one.preprocessor) for one in opened.members]
    if not by_network[0]:
        return {}
    shared = set.intersection(*map(set, by_network))  # what one network of several has seen is no surprise
    return {at: words for at, words in sorted(by_network[0].items()) if at in shared}


def _notes_of(examples: Examples, preprocessor: Preprocessor) -> dict[int, list[str]]:
    notes = _unseen_in(examples, preprocessor)
    for at in np.flatnonzero(preprocessor.all_unknown(preprocessor.encode(examples.inputs))).tolist():
        notes[at] = [NOTHING_KNOWN]
    return notes


def _unseen_in(examples: Examples, preprocessor: Preprocessor) -> dict[int, list[str]]:
    return {at: list(words) for at, words in preprocessor.unseen(examples.inputs).items()}


def _with_left_out(found: Sequence[Prediction], examples: Examples) -> list[Prediction]:
    """Insert what was left out at its place among the predictions."""
    every: list[Prediction] = []
    done = 0
    for gone in examples.left_out:
        every += found[done : gone.at]
        every.append(Prediction(gone.source, "", {}, (f"skipped: {gone.reason}",)))
        done = gone.at
    return [*every, *found[done:]]


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
    if not given:
        return opened.recipe.data_options
    known = [option for option in plugins.domain(opened.recipe.domain).options if option.name in OF_RAW_INPUTS]
    checked = check(known, given, "a prediction")
    chosen = {name: checked[name] for name in given}
    if not any(map(is_table, paths)) and (raw is None or raw.form != FRAME):
        of_tables = {name: value for name, value in chosen.items() if name != "encoding"}
        refuse_options(of_tables, ", ".join(map(str, paths)) or "a text", "no table")
    return {**opened.recipe.data_options, **chosen}


def _check_notes(examples: Examples, notes: Mapping[int, Sequence[str]], *, strict: bool) -> None:
    """Warn in one line of inputs without any known word or value, and in one of those with something unseen.

    Raises:
        BadData: If there are notes, or inputs were skipped, and ``strict`` is True.
    """
    if strict:
        _refuse_notes(examples, notes)
    unknown = [at for at, words in notes.items() if words == [NOTHING_KNOWN]]
    if unknown:
        first = ", ".join(safe_text(examples.source(at)) for at in unknown[:NAMED])
        count = f"{len(unknown):,} of {len(examples):,} inputs {hold(len(unknown))} nothing that this run knows"
        more = ", ..." if len(unknown) > NAMED else ""
        warnings.warn(f"{count}: {first}{more}; their predictions mean nothing", UnknownInputs, stacklevel=3)
    if any(words == [NO_PROMPT] for words in notes.values()):
        warnings.warn(NO_PROMPT, UnseenValues, stacklevel=3)
    unseen = {at: words for at, words in notes.items() if words not in ([NOTHING_KNOWN], [NO_PROMPT])}
    if unseen:
        warnings.warn(_unseen(examples, unseen), UnseenValues, stacklevel=3)


def _unseen(examples: Examples, notes: Mapping[int, Sequence[str]]) -> str:
    """Return the message on inputs with something unseen: their number, and the first of them."""
    count = f"{len(notes):,} of {len(examples):,} inputs {hold(len(notes))} what the training set lacks"
    lines = [f"{safe_text(examples.source(at))}: {'; '.join(notes[at])}" for at in [*notes][:NAMED]]
    return f"{count}: {' | '.join(lines)}{' | ...' if len(notes) > NAMED else ''}"


def _refuse_notes(examples: Examples, notes: Mapping[int, Sequence[str]]) -> None:
    """Refuse inputs that were skipped, or that hold something unseen.

    Raises:
        BadData: With their number and the first of them.
    """
    if examples.left_out:
        gone = examples.left_out[0]
        count = were(len(examples.left_out), "input", "skipped")
        raise BadData(f"{count}, which --strict does not allow: {safe_text(gone.source)}: {gone.reason}")
    if any(words == [NO_PROMPT] for words in notes.values()):
        raise BadData("--strict needs a prompt to generate text from  example: --text 'Once upon'")
    if notes:
        raise BadData(f"{_unseen(examples, notes)}  to predict them all the same: leave --strict out")


def _check_beam(opened: LoadedRun, beam: int | None) -> None:
    """Refuse a beam where nothing is searched, or one that is too wide.

    Raises:
        BadOption: With the task, or the range.
    """
    if beam is None:
        return
    if opened.task.row.search is None:
        raise BadOption(f"beam is for runs that read strings; the task of {opened.run.name} is {opened.task.row.name}")
    if not 1 <= beam <= WIDEST_BEAM:
        raise BadOption(f"beam={beam}: expected a whole number from 1 to {WIDEST_BEAM:,}")


def _draw(opened: LoadedRun, options: Mapping[str, float | None]) -> Sampling:
    """Return the settings of generation, with those that were given.

    Raises:
        BadOption: If the run's task generates nothing, or a number is out of range.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if given and not opened.task.info.tells_tokens:
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


def _continued(
    opened: LoadedRun, read: Examples | None, texts: Sequence[str], draw: Sampling, *, strict: bool
) -> list[Prediction]:
    """Generate text from each prompt that was read or given; without any, from nothing.

    Raises:
        BadData: If a prompt is no text, or would have a note and ``strict`` is True.
    """
    prompts = [as_text(row) for row in read.inputs] if read is not None and isinstance(read.inputs, Ragged) else []
    given = [*texts] if prompts or texts else [""]
    if some := [text for text in given if text.strip()]:
        _from_strings(opened, some)
    prompts += given
    examples = Examples(
        ragged_texts(prompts),
        np.empty((len(prompts), 0)),
        np.arange(len(prompts)),
        sources=[safe_text(prompt, SHOWN) for prompt in prompts],
        left_out=() if read is None else read.left_out,
    )
    notes = _unseen_in(examples, opened.preprocessor)
    notes |= {at: [NO_PROMPT] for at, prompt in enumerate(prompts) if not prompt}
    _check_notes(examples, notes, strict=strict)
    generate = opened.domain.generate
    assert generate is not None  # a domain that cuts texts into windows has it
    found = [
        Prediction(text, generate(opened.network, opened.preprocessor, text, draw), {}, tuple(notes.get(at, ())))
        for at, text in enumerate(prompts)
    ]
    return _with_left_out(found, examples)


def _from_memory(opened: LoadedRun, raw: Given, reading: Options) -> Examples:
    """Read inputs in memory; rows are skipped as the run's ``bad_rows`` asks."""
    examples = opened.read(replace(raw, only_predicted=True), reading, skip=True)
    warn_skipped([f"{gone.source}: {gone.reason}" for gone in examples.left_out], "row")
    return examples


def _from_strings(opened: LoadedRun, texts: Sequence[str]) -> Examples:
    if opened.domain.from_strings is None:
        raise BadOption(f"a run of {opened.recipe.domain} reads no texts; give files or folders")
    return opened.domain.from_strings(texts)
