"""What every member's pyproject.toml and folder have in common, from one place: names, version, requirements, licence.

python -m tools.members    write it into each pyproject.toml anew, and a LICENSE beside it; a test holds that it is so

The name and the version come from `dl.version`. A member of another member's requirements is one of this very version:
the members are tested together, and only together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from dl.version import CORE, PROJECT, VERSION

ROOT = Path(__file__).parents[1]
USUAL_SET = ROOT / "workbench"  # the distribution without modules that brings the others
BUILD = '["hatchling>=1.27"]'  # the first with `license-files` of PEP 639
PYTHON = ">=3.11"
TRIED = ("3.11", "3.12", "3.13", "3.14")
URLS: Mapping[str, str] = {}  # "Source": "https://..." and the like, once the repository is public
CLASSIFIERS = (
    "Development Status :: 4 - Beta",
    "Environment :: Console",
    "Intended Audience :: Developers",
    "Intended Audience :: Education",
    "Intended Audience :: Science/Research",
    "Operating System :: POSIX :: Linux",
    "Programming Language :: Python :: 3",
    "Programming Language :: Python :: 3 :: Only",
    *(f"Programming Language :: Python :: {version}" for version in TRIED),
    "Topic :: Scientific/Engineering :: Artificial Intelligence",
    "Typing :: Typed",
)
KEYWORDS = ("deep learning", "lightning", "overfitting", "pytorch")
ARRAY = r"\[(?:\n(?:.*\n)*?\]|[^\n]*\])"  # on one line, or with a line for each value


def find_members() -> list[Path]:
    """Return the folder of every distribution of this repository, the usual set last."""
    inner = [path.parent for part in ("packages", "plugins") for path in sorted(ROOT.glob(f"{part}/*/pyproject.toml"))]
    return [*inner, ROOT / "reports", USUAL_SET]


def distribution(folder: Path) -> str:
    """Return the name of a member on the package index."""
    return PROJECT if folder == USUAL_SET else f"{PROJECT}-{folder.name}"


def render(text: str, folder: Path) -> str:
    """Return the pyproject.toml of a member with what all have in common."""
    for key in ("name", "version", "readme", "requires-python", "license", "license-files", "authors"):
        text = re.sub(rf"^{key} = .*\n", "", text, count=1, flags=re.MULTILINE)
    for key in ("keywords", "classifiers"):
        text = re.sub(rf"^{key} = {ARRAY}\n", "", text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^\[project\.urls\]\n(?:.+\n)*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^requires = .*", f"requires = {BUILD}", text, count=1, flags=re.MULTILINE)
    text = re.sub(r"^\[project\]\n", lambda _: f"[project]\n{_identity(folder)}", text, flags=re.MULTILINE)
    text = re.sub(r"^(description = .*\n)", lambda found: found[1] + _shared(), text, flags=re.MULTILINE)
    if URLS:
        urls = "".join(f"{name} = {_quoted(url)}\n" for name, url in URLS.items())
        text = re.sub(r"^(\[tool\.)", rf"[project.urls]\n{urls}\n\1", text, count=1, flags=re.MULTILINE)
    if "[tool.hatch.build.targets.sdist]" not in text:
        text += '\n[tool.hatch.build.targets.sdist]\nonly-include = ["src"]\n'
    return _pinned(rename(text))


def rename(text: str) -> str:
    """Return a text with the members' distributions under their present names."""
    names = "|".join(folder.name for folder in find_members() if folder != USUAL_SET)
    return re.sub(rf"(?<![\w./-])(?:{former()}|dl)-({names})\b(?![-.]\w)", rf"{PROJECT}-\1", text)


def former() -> str:
    """Return what stands before a member's name now, in the core's own pyproject.toml."""
    found = re.search(r'^name = "(.+)-core"', (ROOT / "packages/core/pyproject.toml").read_text("utf-8"), re.MULTILINE)
    return re.escape(found[1]) if found else PROJECT


def write() -> list[Path]:
    """Write what has changed, and return the files."""
    wanted: dict[Path, str] = {}
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    for folder in find_members():
        project, readme = folder / "pyproject.toml", folder / "README.md"
        wanted[project] = render(project.read_text(encoding="utf-8"), folder)
        wanted[readme] = rename(readme.read_text(encoding="utf-8"))
        wanted[folder / "LICENSE"] = licence
    root = ROOT / "pyproject.toml"
    wanted[root] = re.sub(
        r'^version = ".*"', f'version = "{VERSION}"', rename(root.read_text(encoding="utf-8")), count=1, flags=re.M
    )
    changed = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in changed:
        path.write_text(wanted[path], encoding="utf-8")
    return changed


def _identity(folder: Path) -> str:
    return f'name = "{distribution(folder)}"\nversion = "{VERSION}"\n'


def _shared() -> str:
    return "\n".join(
        (
            'readme = "README.md"',
            f'requires-python = "{PYTHON}"',
            'license = "MIT"',
            'license-files = ["LICENSE"]',
            'authors = [{ name = "The dl developers" }]',
            f"keywords = [{', '.join(map(_quoted, KEYWORDS))}]",
            "classifiers = [",
            *(f"    {_quoted(one)}," for one in CLASSIFIERS),
            "]\n",
        )
    )


def _pinned(text: str) -> str:
    """Return a text in which each requirement on a member is one on this version."""
    own = rf'"({re.escape(PROJECT)}-[a-z]+(?:\[[^\]]*\])?)(?:[=<>~!][^"]*)?"(?!\s*=)'
    head, mark, rest = text.partition("\ndependencies = ")
    return head + mark + re.sub(own, rf'"\1=={VERSION}"', rest)


def _quoted(text: str) -> str:
    return f'"{text}"'


if __name__ == "__main__":
    print("".join(f"wrote {path.relative_to(ROOT)}\n" for path in write()) or f"{CORE} {VERSION}: all is up to date")
