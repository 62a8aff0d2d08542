"""The arrows of docs/architecture.md: who may import whom, read from every import statement; and what stays light."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"dl": ROOT / "packages/core/src/dl"} | {
    source.name: source
    for source in (*ROOT.glob("packages/*/src/dl_*"), *ROOT.glob("plugins/*/src/dl_*"), *ROOT.glob("reports/src/dl_*"))
}
DOMAINS = {path.name for path in ROOT.glob("packages/*/src/dl_*")}
PLUGINS = {path.name for path in ROOT.glob("plugins/*/src/dl_*")}
HEAVY = {"torch", "lightning", "torchmetrics", "pytorch_lightning", "safetensors"}
# The report reads runs: the light half of core and these; the live screen's numbers are computed from arrays alone.
OF_REPORTS = {"numpy", "scipy", "rich", "plotext", "typer"}


def members():
    """Every module of ours; what is copied into new plugins is none."""
    paths = [(name, path) for name, folder in OURS.items() for path in sorted(folder.rglob("*.py"))]
    return [(name, path) for name, path in paths if OURS["dl"] / "templates" not in path.parents]


def module_name(member, path):
    inside = path.relative_to(OURS[member]).with_suffix("")
    return ".".join([member, *(part for part in inside.parts if part != "__init__")])


def imports(path, *, only_at_import=False):
    """Every module that a file imports, with its line; also inside functions, unless only what importing it runs."""
    found = []

    def visit(node):
        if only_at_import and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            return
        if only_at_import and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
        if isinstance(node, ast.Import):
            found.extend((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            found.append((node.module, node.lineno))
            found.extend((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("import_module", "importlib.import_module"):
            found.extend((name.value, node.lineno) for name in node.args if isinstance(name, ast.Constant))
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def top(name):
    return name.split(".")[0]


def modules(member):
    """The modules and packages of a member, by dotted name."""
    return {module_name(name, path): path for name, path in members() if name == member}


def imported_modules(member, path, *, only_at_import=False):
    """The real modules of a member that a file imports, with their lines: the deepest that each name leads to."""
    known = modules(member)
    found = {}
    for name, line in imports(path, only_at_import=only_at_import):
        parts = name.split(".")
        while parts and ".".join(parts) not in known:
            parts.pop()
        if parts:
            found.setdefault(".".join(parts), line)
    return {name: line for name, line in found.items() if not any(o.startswith(name + ".") for o in found)}


def room(name):
    """The room of a module of core: the file or folder at the top in which it lies."""
    return name.split(".")[1] if "." in name else ""


def light_half():
    """The modules that docs/architecture.md lists as the half of core that needs no torch."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    listed = re.search(r"The \*\*torch-free half\*\*(.+?)The\s+\*\*torch half\*\*", text, re.DOTALL)
    return re.findall(r"`([a-z_]+)`", re.sub(r"`dl [^`]*`", "", listed[1]))


def test_there_is_a_core_a_domain_a_plugin_and_the_reports():
    assert {"dl", "dl_vision", "dl_mnist", "dl_reports"} <= set(OURS)


@pytest.mark.parametrize(("member", "path"), members(), ids=lambda value: getattr(value, "name", value))
def test_a_member_imports_of_ours_only_what_it_may(member, path):
    ours = {top(name) for name, _ in imports(path)} & set(OURS) - {member}
    if member == "dl":
        assert not ours, "core imports no other member"
    elif member in DOMAINS or member == "dl_reports":
        assert ours <= {"dl"}
    else:
        assert ours <= {"dl"} | DOMAINS and len(ours & DOMAINS) <= 1


def test_the_reports_import_neither_torch_nor_the_half_of_core_that_does():
    light = {*light_half(), ""}
    for path in OURS["dl_reports"].rglob("*.py"):
        for name, line in imports(path):
            assert top(name) not in HEAVY, f"{path}:{line}"
        for name, line in imported_modules("dl", path).items():
            assert room(name) in light, f"{path}:{line} imports {name}"


def test_the_reports_import_only_what_their_distribution_names():
    for path in OURS["dl_reports"].rglob("*.py"):
        others = {top(name) for name, _ in imports(path)} - sys.stdlib_module_names - set(OURS)
        assert others <= OF_REPORTS, path


def test_every_module_that_the_architecture_lists_exists_and_none_is_in_both_halves():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    heavy = re.search(r"The\s+\*\*torch half\*\*(.+?)`tests/program", text, re.DOTALL)
    heavy = re.findall(r"`([a-z_]+)`", heavy[1])
    for name in (*light_half(), *heavy):
        assert (OURS["dl"] / f"{name}.py").exists() or (OURS["dl"] / name).is_dir(), name
    assert not set(light_half()) & set(heavy)
    every = {path.stem for path in OURS["dl"].iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()} - {
        "__init__",
        "__main__",
    }
    assert every == set(light_half()) | set(heavy)


@pytest.mark.parametrize("name", light_half())
def test_importing_the_light_half_of_core_imports_no_torch(name):
    paths = sorted((OURS["dl"] / name).rglob("*.py")) or [OURS["dl"] / f"{name}.py"]
    light = {*light_half(), ""}
    for path in paths:
        for imported, line in imports(path, only_at_import=True):
            assert top(imported) not in HEAVY, f"{path}:{line}"
        for imported, line in imported_modules("dl", path, only_at_import=True).items():
            assert room(imported) in light, f"{path}:{line} imports {imported}"


def cycles(edges):
    """The modules that lead back to themselves."""

    def reach(start):
        seen, waiting = set(), list(edges[start])
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(edges[name])
        return seen

    return [name for name in edges if name in reach(name)]


@pytest.mark.parametrize("member", OURS)
def test_no_module_leads_back_to_itself(member):
    edges = {
        name: set(imported_modules(member, path, only_at_import=True)) - {name, member}
        for name, path in modules(member).items()
    }
    assert cycles(edges) == []


LOADED = "import json, sys\nfrom dl.cli.main import run\ncode = run(sys.argv[1:])\n"
LOADED += "print(json.dumps([code, sorted({name.split('.')[0] for name in sys.modules})]), file=sys.stderr)"


@pytest.mark.parametrize(
    "words", [["--help"], ["ls"], ["ls", "runs"], ["fit", "--help"], ["show", "recipe", "book-convnet"]]
)
def test_looking_at_what_there_is_imports_no_torch(words, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    code, loaded = json.loads(done.stderr.splitlines()[-1])
    assert code == 0 and done.stdout and not HEAVY & set(loaded)
    assert not {"scipy", "sklearn", "PIL", "pandas"} & set(loaded)


@pytest.mark.parametrize("words", [["--help"], ["ls"]])
def test_looking_needs_no_numpy_either(words, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "numpy" not in json.loads(done.stderr.splitlines()[-1])[1]


def test_importing_dl_imports_no_torch_and_exports_exactly_its_public_names():
    code = "import sys, dl; print('torch' in sys.modules, sorted(dl.__all__) == sorted([*dl._HOMES, 'hookimpl']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False True"
