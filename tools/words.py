"""The page of the words of the field in the documents, from the entries that `dl explain` prints.

python -m tools.words    write docs/words.md anew; a test holds that it is up to date
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from dl_reports.glossary import Word, words

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/words.md"
CODES = "../reports/src/dl_reports/codes"
BEGINNING = """# Words

The words of the field, as reports use them. `dl explain WORD` prints an entry in the terminal, `dl explain` lists all:

```console
$ dl explain gap
gap                                                                          overfitting
...
```

This page is written from the same entries (`python -m tools.words`).
[Finding codes](codes/README.md) have pages of their own.
"""


def page() -> str:
    """Return the page in Markdown."""
    parts = [BEGINNING]
    for group, members in groupby(words(), key=lambda word: word.group):
        parts.append(f"## {group.capitalize()}\n")
        parts += ["\n".join(_entry(word)) for word in members]
    return "\n".join(parts)


def _entry(word: Word) -> Iterator[str]:
    yield f"### {word.name}\n"
    yield f"{word.means}\n"
    yield f"```text\n{word.picture}\n```\n"
    yield f"- **In dl**: {word.report}"
    yield f"- **What to do**: {word.do}"
    if word.codes:
        yield f"- **Findings**: {', '.join(f'[{code}]({CODES}/{code}.md)' for code in word.codes)}"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
