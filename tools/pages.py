"""The pages for readers: the commands and programs they show, and whether these print what a page says they print.

python -m tools.pages                   run every page, and write the numbers of the output it shows anew
python -m tools.pages docs/images.md    only this page

A block ``console`` holds commands, one a line; where a line begins with ``$ ``, those lines are the commands and the
others are what they print. A block ``python`` is a program, which goes on where the page's block before it ended; a
block ``text`` right below it is what it prints. A line ``...`` stands for lines that are left out. A command may be
piped into ``python``, and ``; echo ${PIPESTATUS[0]}`` behind it prints the exit code of ``dl``.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dl.testing import Answer, run_verb

ROOT = Path(__file__).parents[1]
WIDTH = 88  # columns of the terminal in which a page's output is printed
HOME = "/home/you"  # stands for the folder in which a page's commands run
REST = "..."

_BLOCK = re.compile(r"^```(console|python)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
_CODE = "; echo ${PIPESTATUS[0]}"
_NUMBER = re.compile(r"[-+]?\d+(,\d{3})*(\.\d+)?(e[-+]?\d+)?")


@dataclass(frozen=True)
class Step:
    """A command or a program that a page shows.

    Args:
        language: ``console`` or ``python``.
        text: The command without its comment, or the program.
        output: The lines that the page says it prints; empty where the page shows none.
        at: Where these lines begin and end in the page, as offsets.
    """

    language: str
    text: str
    output: tuple[str, ...] = ()
    at: tuple[int, int] = (0, 0)

    @property
    def words(self) -> list[str]:
        """The words of a command."""
        return shlex.split(self.text.partition(" | ")[0].removesuffix(_CODE), comments=True)

    @property
    def reader(self) -> list[str]:
        """The words of the program that reads what the command prints; empty without one."""
        return shlex.split(self.text.partition(" | ")[2].removesuffix(_CODE), comments=True)

    @property
    def shows_code(self) -> bool:
        """Whether the exit code of the command is printed as well."""
        return self.text.endswith(_CODE)

    @property
    def fails(self) -> bool:
        """Whether the page shows a mistake, which is one line and an exit code."""
        return bool(self.output) and self.output[0].startswith("dl: ")


def guide() -> list[Path]:
    """List the pages whose steps run one after another in one folder: the README and the user's guide."""
    others = {"plugins.md", "authors.md", "architecture.md"}  # the first two have tests of their own
    return [ROOT / "README.md", *sorted(page for page in ROOT.glob("docs/*.md") if page.name not in others)]


def steps(page: str) -> list[Step]:
    """Read the commands and programs of a page, in their order."""
    found: list[Step] = []
    for block in _BLOCK.finditer(page):
        if block[1] == "python":
            found.append(Step("python", block[2], tuple((block[3] or "").splitlines()), block.span(3)))
        else:
            found.extend(_commands(block[2], block.start(2)))
    return found


def _commands(block: str, start: int) -> Iterator[Step]:
    """Read a console block that begins at this offset of its page."""
    if not block.startswith("$ "):
        yield from (Step("console", line) for line in block.splitlines() if line.strip())
        return
    for shown in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
        at = (start + shown.start(2), start + shown.end(2))
        yield Step("console", shown[1], tuple(shown[2].splitlines()), at)


def run_python(program: str, names: dict[str, Any]) -> str:  # Any: whatever a program names
    """Run a program that may use these names, and return what it prints."""
    out = io.StringIO()
    with redirect_stdout(out):
        exec(compile(program, "a page", "exec"), names)
    return out.getvalue()


def run_step(step: Step, names: dict[str, Any], run: Callable[..., Answer] = run_verb) -> list[str]:
    """Run a step in the working directory, and return the lines it prints.

    Raises:
        AssertionError: If a command fails and the page does not say so, or the other way round.
    """
    if step.language == "python":
        out = run_python(step.text, names)
    else:
        answer = run(*step.words[1:])
        assert step.words[0] == "dl" and (step.shows_code or (answer.code != 0) == step.fails), f"{step.text}: {answer}"
        out = read(step.reader, answer) if step.reader else answer.out or answer.err
        out += f"{answer.code}\n" if step.shows_code else ""
        if step.fails:  # the line about the mistake is the last; progress may stand before it
            out = out[out.index("dl: ") :]
    return [line.rstrip() for line in out.replace(str(Path.cwd()), HOME).strip("\n").splitlines()]


def read(words: list[str], answer: Answer) -> str:
    """Return what a Python program prints of the output of a command.

    Raises:
        AssertionError: If it fails.
    """
    done = subprocess.run([sys.executable, *words[1:]], input=answer.out, capture_output=True, text=True)
    assert words[0] == "python" and not done.returncode, f"{words}: {answer} {done.stderr}"
    return done.stdout


def renew(shown: tuple[str, ...], printed: list[str]) -> list[str] | None:
    """Give the lines that a page shows the numbers that were printed; None if it shows words that were not printed.

    Words are compared and not lines, because a longer number may break a line elsewhere.
    """
    words = [(word, at) for at, line in enumerate(printed) for word in _words(line)]
    new, at = list[str](), 0
    for position, part in enumerate(_parts(shown)):
        wanted = [word for line in part for word in _words(line)]
        starts = range(at, len(words) - len(wanted) + 1) if position else [0]
        found = next((k for k in starts if [word for word, _ in words[k : k + len(wanted)]] == wanted), None)
        if found is None:
            return None
        at = found + len(wanted)
        new += [REST] if position else []
        new += printed[words[found][1] : words[at - 1][1] + 1] if wanted else []
    return new if at == len(words) or shown[-1].strip() == REST else None


def _words(line: str) -> list[str]:
    """Split a line into words, without its numbers and the length of its bars."""
    return re.sub("━+", "━", _NUMBER.sub("0", line)).split()


def _parts(shown: tuple[str, ...]) -> list[list[str]]:
    """Split lines where some are left out."""
    parts: list[list[str]] = [[]]
    for line in shown:
        if line.strip() == REST:
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def rewrite(page: str) -> str:
    """Run a page's steps in the working directory and return the page with the output they print today.

    Raises:
        AssertionError: If a step prints something else than the page shows, apart from numbers.
    """
    names: dict[str, Any] = {}
    pieces, end = [], 0
    for step in steps(page):
        printed = run_step(step, names)
        if step.output:
            new = renew(step.output, printed)
            assert new is not None, "\n".join([step.text, "prints something else than the page shows:", *printed])
            pieces += [page[end : step.at[0]], "".join(f"{line}\n" for line in new)]
            end = step.at[1]
    return "".join([*pieces, page[end:]])


def main(names: list[str]) -> None:
    """Rewrite these pages, or all, each in a folder with the files that the pages name."""
    from tools.samples import write_samples

    os.environ["COLUMNS"] = str(WIDTH)
    for page in [Path(name).resolve() for name in names] or guide():
        with tempfile.TemporaryDirectory() as folder, chdir(folder):
            os.environ["DL_CACHE"] = str(Path(folder) / "cache")
            write_samples(Path(folder))
            page.write_text(rewrite(page.read_text(encoding="utf-8")), encoding="utf-8")
        print(page.relative_to(ROOT))


if __name__ == "__main__":
    main(sys.argv[1:])
