"""The arrows of docs/architecture.md: who may import whom, read from every import statement; and what stays light."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import dl
import dl.errors

ROOT = Path(__file__).parents[2]
OURS = {"dl": ROOT / "packages/core/src/dl"} | {
    source.name: source
    for source in (*ROOT.glob("packages/*/src/dl_*"), *ROOT.glob("plugins/*/src/dl_*"), *ROOT.glob("reports/src/dl_*"))
}
DOMAINS = {path.name for path in ROOT.glob("packages/*/src/dl_*")}
PLUGINS = {path.name for path in ROOT.glob("plugins/*/src/dl_*")}
HEAVY = {"torch", "lightning", "torchmetrics", "pytorch_lightning", "safetensors"}
# The rooms of core, files and folders at its top, in their order: each imports only what stands before it.
ORDER = (
    *(
        "version",
        "collector",
        "errors",
        "words",
        "terminal",
        "finding",
        "groups",
        "intervals",
        "signals",
        "background",
        "work",
        "work_display",
        "options",
        "defaults",
        "faults",
        "regular",
        "files",
        "sealed",
        "processes",
        "detached",
        "launch",
        "limits",
        "stored",
        "diagram",
        "data",
        "learner",
        "tables",
    ),
    *(
        "padded",
        "linear_path",
        "backbone",
        "graph",
        "autoencoder",
        "preparation",
        "domain",
        "features",
        "specs",
        "branches",
        "hookspecs",
        "plugins",
        "recipes",
        "packaging",
        "runs",
        "splits",
        "maps",
        "tasks",
    ),
    *(
        "regularizer",
        "learners",
        "training",
        "rivals",
        "cross_validation",
        "capacity",
        "tuning",
        "inference",
        "exporting",
        "inspection",
        "stages",
        "testing",
        "cli",
        "sklearn",
    ),
)
HEAVY_ROOMS = (
    *(
        "padded",
        "linear_path",
        "backbone",
        "graph",
        "autoencoder",
        "preparation",
        "domain",
        "features",
        "branches",
        "tasks",
        "regularizer",
        "learners",
        "training",
        "rivals",
        "cross_validation",
        "capacity",
        "tuning",
        "inference",
        "exporting",
        "inspection",
        "stages",
        "testing",
        "sklearn",
    ),
)
LIGHT = tuple(room for room in ORDER if room not in (*HEAVY_ROOMS, "cli"))
# The contract with authors of plugins names the types that its functions take and return, of whatever room.
CONTRACT = {"specs", "hookspecs"}
DOORS = {
    "dl",
    "dl.graph",
    "dl.testing",
}  # packages whose names are looked up when they are asked for; all others are empty
# The report reads runs: the light half of core and these; the live screen's numbers are computed from arrays alone.
OF_REPORTS = {"numpy", "scipy", "rich", "jinja2", "markupsafe", "PIL", "typer"}


def members():
    """Every module of ours; what is copied into new plugins is none."""
    paths = [(name, path) for name, folder in OURS.items() for path in sorted(folder.rglob("*.py"))]
    return [(name, path) for name, path in paths if OURS["dl"] / "templates" not in path.parents]


def module_name(member, path):
    inside = path.relative_to(OURS[member]).with_suffix("")
    return ".".join([member, *(part for part in inside.parts if part != "__init__")])


def imports(path, *, only_at_import=False, for_types=True):
    """Every module that a file imports, with its line.

    Args:
        path: Of the file.
        only_at_import: Whether to leave out what is imported inside functions, and for types alone.
        for_types: Whether to count what is imported for types alone.
    """
    found = []

    def visit(node):
        if not for_types and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            return
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


def imported_modules(member, path, **which):
    """The real modules of a member that a file imports, with their lines: the deepest that each name leads to."""
    known = modules(member)
    found = {}
    for name, line in imports(path, **which):
        parts = name.split(".")
        while parts and ".".join(parts) not in known:
            parts.pop()
        if parts:
            found.setdefault(".".join(parts), line)
    return {name: line for name, line in found.items() if not any(o.startswith(name + ".") for o in found)}


def room(name):
    """The room of a module of core: the file or folder at the top in which it lies."""
    return name.split(".")[1] if "." in name else ""


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
    light = {*LIGHT, "cli", ""}
    for path in OURS["dl_reports"].rglob("*.py"):
        for name, line in imports(path):
            assert top(name) not in HEAVY, f"{path}:{line}"
        for name, line in imported_modules("dl", path).items():
            assert room(name) in light, f"{path}:{line} imports {name}"


def test_the_reports_import_only_what_their_distribution_names():
    for path in OURS["dl_reports"].rglob("*.py"):
        others = {top(name) for name, _ in imports(path)} - sys.stdlib_module_names - set(OURS)
        assert others <= OF_REPORTS, path


def test_the_order_of_the_rooms_names_every_room_once():
    rooms = {room(name) for name in modules("dl")} - {"", "__main__"}
    assert sorted(ORDER) == sorted(rooms)
    assert set(HEAVY_ROOMS) <= set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_a_room_imports_only_rooms_before_it(name):
    before = {*ORDER[: ORDER.index(name) + 1], ""}
    for module, path in modules("dl").items():
        if room(module) == name:
            for imported, line in imported_modules("dl", path, for_types=name not in CONTRACT).items():
                assert room(imported) in before, f"{path}:{line} imports {imported}"


def test_the_init_file_of_a_room_is_empty():
    for name, path in modules("dl").items():
        if path.name == "__init__.py" and name not in DOORS:
            assert not path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize("name", [*LIGHT, "cli"])
def test_importing_the_light_half_of_core_imports_no_torch(name):
    light = {*LIGHT, "cli", ""}
    for module, path in modules("dl").items():
        if room(module) == name:
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
        name: set(imported_modules(member, path, for_types=room(name) not in CONTRACT)) - {name, member, *DOORS}
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
    assert not {"scipy", "sklearn", "PIL", "pandas", "optuna"} & set(loaded)


@pytest.mark.parametrize("words", [["--help"], ["ls"]])
def test_looking_needs_no_numpy_either(words, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "numpy" not in json.loads(done.stderr.splitlines()[-1])[1]


def test_importing_dl_imports_no_torch_and_exports_exactly_its_public_names():
    code = "import json, sys, dl; print(json.dumps([sorted(sys.modules), sorted(dl.__all__), sorted(dl._HOMES)]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded, exported, lazy = json.loads(done.stdout)
    assert not {*HEAVY, "numpy", "sklearn", "optuna"} & set(loaded)
    errors = {name for name, value in vars(dl.errors).items() if getattr(value, "exit_code", None)}
    assert exported == sorted(lazy) and errors <= set(exported)
    assert not {"typing", "pluggy", "dataclasses"} & set(loaded)  # Ctrl-C is caught after these imports


def test_a_fit_and_the_reader_of_studies_load_no_optuna():
    code = "import sys, dl.training.run_fit, dl.tuning.study, dl.cli.tune; print('optuna' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_reading_a_study_imports_no_torch():
    code = "import sys, dl.tuning.study; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_names_that_type_checkers_see_are_those_that_are_looked_up():
    tree = ast.parse((OURS["dl"] / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    assert seen == dl._HOMES
    assert all(getattr(dl, name).__module__ == home for name, home in dl._HOMES.items() if name != "hookimpl")
