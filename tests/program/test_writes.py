"""One module does all writes, so that a crash or a full disk can be tried at each of them: read from every source."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for pattern in ("packages/*/src/**/*.py", "plugins/*/src/**/*.py", "reports/src/**/*.py")
    for path in ROOT.glob(pattern)
    if not {"templates", "testing"} & set(path.parts)  # projects of others, and inputs of tests
)
WRITER = ROOT / "packages/core/src/dl/files.py"
ELSEWHERE = {
    "capture.py": "catches what a plugin prints, in memory or in a file without a name",
    "scaffold.py": "moves a whole project into its place, which is no run",
    "uploads.py": "writes what a request sent into a private folder, which it removes at once",
    "main.py": "sends what is printed after a broken pipe to nowhere",
}
METHODS = {"write_text", "write_bytes", "mkdir", "unlink", "touch", "rename", "rmdir", "symlink_to", "hardlink_to"}
FUNCTIONS = {
    "os": {"replace", "rename", "remove", "unlink", "mkdir", "makedirs", "truncate", "link", "symlink", "rmdir"},
    "shutil": {"rmtree", "copy", "copyfile", "copytree", "move"},
}
WORDS = {"open", *METHODS, *(name for names in FUNCTIONS.values() for name in names)}


def writes(path):
    """The calls in a source that change a file: name and line."""
    text = path.read_text(encoding="utf-8")
    if not any(f"{word}(" in text for word in WORDS):
        return
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        of = function.value.id if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) else ""
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        modes = [one.value for one in (*node.args, *(k.value for k in node.keywords)) if isinstance(one, ast.Constant)]
        opened = name == "open" and any(set(str(mode)) & set("wax+") and len(str(mode)) <= 3 for mode in modes)
        method = isinstance(function, ast.Attribute) and name in METHODS and of not in ("files", "os", "shutil")
        if opened or method or name in FUNCTIONS.get(of, ()):
            yield f"{name} in line {node.lineno}"


def test_no_module_but_one_changes_files():
    others = (path for path in SOURCES if path != WRITER and path.name not in ELSEWHERE)
    assert {str(path.relative_to(ROOT)): found for path in others if (found := list(writes(path)))} == {}


def test_the_writer_itself_is_found_to_write():
    assert len(list(writes(WRITER))) >= 5
