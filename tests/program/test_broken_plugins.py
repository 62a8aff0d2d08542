"""Broken plugins of every kind: each is one line that says what to do, and everything else works."""

import json
import os
import signal
import subprocess
import sys
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dl.hookspecs import API
from dl.plugins.loading import load_plugins
from dl.plugins.states import PluginWarning

pytestmark = pytest.mark.check

DL = Path(sys.executable).with_name("dl")
HEAD = "from dl.hookspecs import hookimpl\nfrom dl.options import Option\nfrom dl.specs import *\n"
DATASETS = "@hookimpl\ndef register_datasets():\n"
GOOD = "    return [DatasetSpec('{name}-data', 'vision', 'of a test', lambda options: None)]\n"


@dataclass(frozen=True)
class Broken:
    """A broken plugin: what it says, the state it ends in, and whether its one good data set is registered."""

    name: str
    source: str | bytes
    message: str
    state: str = "failed"
    works: bool = False
    how: dict = field(default_factory=dict)

    def install(self, site):
        source = self.source.replace("{name}", self.name) if isinstance(self.source, str) else self.source
        return site.add(self.name, source, **self.how)


def before(line):
    """A whole plugin after a line that breaks it."""
    return f"{line}\n{HEAD}{DATASETS}{GOOD}"


def beside(source):
    """A good hook, and something broken beside it."""
    return f"{HEAD}{DATASETS}{GOOD}\n{source}\n"


def returns(what):
    return f"{HEAD}{DATASETS}    return {what}\n"


def models(body, arguments=""):
    return beside(f"@hookimpl\ndef register_models({arguments}):\n    {body}")


DATA = "DatasetSpec('{name}-data', 'vision', 'of a test', lambda options: None)"
BROKEN = (
    Broken("needs-a-package", before("import a_package_nobody_has"), "No module named 'a_package_nobody_has'"),
    Broken("raises", before("raise ValueError('out of luck')"), "ValueError: out of luck (plugin_"),
    Broken("half-written", "def register_datasets(:\n", "SyntaxError: invalid syntax"),
    Broken("not-text", b"\xff\xfe# what is this", "SyntaxError"),
    Broken("with-null", b"x = 1\x00", "null bytes"),
    Broken("exits", before("import sys; sys.exit(3)"), "it calls sys.exit(3)"),
    Broken("exits-with-words", before("raise SystemExit('bye')"), "it calls sys.exit('bye')"),
    Broken("interrupts", before("raise KeyboardInterrupt"), "KeyboardInterrupt"),
    Broken("base-exception", before("class Odd(BaseException): pass\nraise Odd('no')"), "Odd: no"),
    Broken(
        "mute",
        before("class Mute(Exception):\n    def __str__(self): raise RuntimeError\nraise Mute"),
        "Mute: (its message cannot be shown)",
    ),
    Broken("endless-words", before("raise ValueError('word ' * 10_000)"), "ValueError: word word"),
    Broken("many-lines", before("raise ValueError('one\\ntwo\\x1b[31m three')"), "ValueError: one two\\x1b[31m three"),
    Broken("recurses", before("def f(): return f()\nf()"), "RecursionError"),
    Broken("no-module", "", "No module named 'nowhere'", how={"target": "nowhere.at.all"}),
    Broken("no-attribute", "", "AttributeError", how={"target": "{module}:gone"}),
    Broken("no-target", "", "ValueError: Empty module name", how={"target": ""}),
    Broken("a-class", "class Plugin: pass", "is a class", how={"target": "{module}:Plugin"}),
    Broken("a-number", "plugin = 7", "it has no hook of dl", how={"target": "{module}:plugin"}),
    Broken("a-none", "plugin = None", "it has no hook of dl", how={"target": "{module}:plugin"}),
    Broken("no-hook", "x = 1", "it has no hook of dl"),
    Broken("unmarked", f"{HEAD}def register_datasets():\n{GOOD}", "register_datasets is not marked with @dl.hookimpl"),
    Broken("odd-getattr", "def __getattr__(name): raise RuntimeError(name)", "RuntimeError"),
    Broken("hook-raises", models("raise KeyError('x')"), "register_models failed: KeyError: 'x'", works=True),
    Broken("hook-exits", models("raise SystemExit(2)"), "it calls sys.exit(2)", works=True),
    Broken("forgets-return", returns("None"), "it returned None, not a sequence of DatasetSpec"),
    Broken("returns-number", returns("7"), "it returned 7, not a sequence"),
    Broken("returns-text", returns("'mnist'"), "it returned 'mnist', not a sequence"),
    Broken("returns-one", returns(DATA), "not a sequence of DatasetSpec"),
    Broken("returns-texts", returns(f"['mine', {DATA}]"), "returned 'mine' among its data sets", works=True),
    Broken(
        "returns-models",
        returns(f"[ModelSpec('m', 'vision', 'x', lambda *a: None), {DATA}]"),
        "not a DatasetSpec",
        works=True,
    ),
    Broken("no-name", returns(f"[DatasetSpec(None, 'vision', 'x', print), {DATA}]"), "name=None", works=True),
    Broken("empty-name", returns(f"[DatasetSpec('', 'vision', 'x', print), {DATA}]"), "name=''", works=True),
    Broken("typed-name", returns(f"[DatasetSpec('a b', 'vision', 'x', print), {DATA}]"), "cannot be typed", works=True),
    Broken("escapes", returns(f"[DatasetSpec('a\\x1b', 'vision', 'x', print), {DATA}]"), "cannot be typed", works=True),
    Broken(
        "no-load", returns(f"[DatasetSpec('a', 'vision', 'x', None), {DATA}]"), "load=None, not a function", works=True
    ),
    Broken(
        "odd-options", returns(f"[DatasetSpec('a', 'vision', 'x', print, (1,)), {DATA}]"), "options=(1,)", works=True
    ),
    Broken(
        "odd-causal",
        models("return [ModelSpec('m', 'vision', 'x', print, (), '', 3)]"),
        "build_causal=3, not a function or None",
        works=True,
    ),
    Broken("endless", f"{HEAD}{DATASETS}    while True: yield {DATA}\n", "more than 10,000 things"),
    Broken(
        "half-way", models("yield ModelSpec('m', 'vision', 'x', print)\n    raise ValueError"), "ValueError", works=True
    ),
    Broken(
        "takes-mnist",
        returns(f"[DatasetSpec('mnist', 'vision', 'x', print), {DATA}]"),
        "the data set 'mnist' is left out, since dl's own (dl-workbench-mnist) has that name",
        works=True,
    ),
    Broken("mnist", "", "the plugin of dl-workbench-mnist 0.1.0 has the same name", how={"distribution": "dist-other"}),
    Broken(
        "takes-fit",
        beside("@hookimpl\ndef register_commands():\n    return [CommandSpec('fit', 'Fit.', print)]"),
        "the command 'fit' is dl's own",
        works=True,
    ),
    Broken(
        "misspells",
        beside("@hookimpl\ndef register_model():\n    return []"),
        "did you mean 'register_models'?",
        works=True,
    ),
    Broken(
        "wraps",
        beside("@hookimpl(wrapper=True)\ndef register_models():\n    yield"),
        "is a hook wrapper, which dl does not support",
        works=True,
    ),
    Broken(
        "newer-argument",
        beside("@hookimpl\ndef render_report(run, theme): pass"),
        f"its render_report asks for 'theme', which version {API} of the hooks does not give",
        "incompatible",
        works=True,
    ),
    Broken(
        "newer-hooks",
        before(f"dl_api = {API + 1}"),
        f"written for version {API + 1} of the hooks; this dl supports 1 to {API}",
        "incompatible",
    ),
    Broken("ancient", before("dl_api = 0"), "written for version 0", "incompatible"),
    Broken("odd-version", before("dl_api = '2'"), "its dl_api is '2'"),
    Broken(
        "needs-dl-9",
        before("raise ValueError('never imported')"),
        "it needs dl-workbench-core>=9",
        "incompatible",
        how={"requires": ["dl-workbench-core>=9", "numpy"]},
    ),
    Broken("prints", before("print('hello')"), "printed 'hello'; a plugin must not print", "ok", works=True),
    Broken("complains", before("import sys; print('oh', file=sys.stderr)"), "printed 'oh'", "ok", works=True),
    Broken("writes", before("import os; os.write(1, b'raw')"), "printed 'raw'", "ok", works=True),
    Broken("starts", before("import os; os.system('echo child')"), "printed 'child'", "ok", works=True),
    Broken("closes", before("import sys; print('last'); sys.stdout.close()"), "printed 'last'", "ok", works=True),
    Broken("odd/name", before(""), "its name may hold only letters"),
    Broken(
        "goes-away",
        before("import os; os.chdir('/')"),
        "changed the working directory; dl restored it",
        "ok",
        works=True,
    ),
    Broken("empties", before("import os; os.environ.pop('PATH')"), "changed variables of the env", "ok", works=True),
    Broken("decides", before("import os; os.environ['DL_PLUGINS'] = '-mnist'"), "changed variables", "ok", works=True),
    Broken("masks", before("import os; os.umask(0o777)"), "changed the mask of new files", "ok", works=True),
    Broken("no-search", before("import sys; sys.path.clear()"), "changed the search path", "ok", works=True),
    Broken("takes-hook", before("import sys; sys.excepthook = print"), "changed hooks of sys", "ok", works=True),
    Broken("shallow", before("import sys; sys.setrecursionlimit(500)"), "changed the limit of rec", "ok", works=True),
    Broken("logs", before("import logging; logging.disable(50)"), "changed the root of logging", "ok", works=True),
    Broken(
        "terminates-never",
        before("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"),
        "changed handlers of signals",
        "ok",
        works=True,
    ),
    Broken("alarms", before("import signal; signal.setitimer(signal.ITIMER_REAL, 60)"), "the timer", "ok", works=True),
    Broken(
        "errors-of-warnings",
        before("import warnings; warnings.simplefilter('error'); print('said')"),
        "printed 'said'",
        "ok",
        works=True,
    ),
    Broken(
        "ignores-warnings",
        before("import warnings; warnings.simplefilter('ignore'); warnings.showwarning = None; print('said')"),
        "printed 'said'",
        "ok",
        works=True,
    ),
    Broken(
        "leaves-a-thread",
        before("import threading; threading.Thread(target=threading.Event().wait, args=(1,), name='left').start()"),
        "leaves the thread 'left' running",
        "ok",
        works=True,
    ),
    Broken("exits-at-once", before("import os; os._exit(0)"), "it calls sys.exit(0)"),
    Broken(
        "hides-its-class",
        before(
            "class Kind(type):\n    @property\n    def __name__(cls): raise RuntimeError\n"
            "class Odd(Exception, metaclass=Kind): pass\nraise Odd('x')"
        ),
        "Odd: x",
    ),
    Broken("long-class", before("raise type('B' * 100_000, (Exception,), {})('x')"), "BBB: x"),
    Broken(
        "odd-text",
        models("return [ModelSpec(Odd('m'), 'vision', 'x', print)]")
        + "class Odd(str):\n    def __hash__(self): raise ValueError\n    __eq__ = __str__ = __repr__ = __hash__\n",
        "the model has name=a Odd, not a name",
        works=True,
    ),
    Broken(
        "made-once",
        models("return [Once('m', 'vision', 'x', print)]")
        + "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass Once(ModelSpec):\n    made = []\n"
        "    def __post_init__(self):\n        self.made.append(1)\n"
        "        if self.made[1:]: raise ValueError('a second time')\n",
        "register_models failed: ValueError: a second time",
        works=True,
    ),
    Broken(
        "odd-function",
        models("return [ModelSpec('m', 'vision', 'x', Odd())]")
        + "class Odd:\n    def __call__(self): pass\n    def __getattr__(self, name): raise RuntimeError(name)\n",
        "register_models failed: RuntimeError",
        works=True,
    ),
    Broken(
        "endless-description", models("return [ModelSpec('m', 'vision', 'x' * 10**6, print)]"), "10,000", works=True
    ),
    Broken(
        "one-option-twice",
        models("return [ModelSpec('m', 'vision', 'x', print, (Option('a', 1, 'h'), Option('a', 2, 'h')))]"),
        "each with a name of its own",
        works=True,
    ),
    Broken(
        "option-of-rubbish",
        models("return [ModelSpec('m', 'vision', 'x', print, (Option('a', 1, None, low='b', choices=3),))]"),
        "not a tuple of Option",
        works=True,
    ),
    Broken(
        "not-awaited",
        beside("@hookimpl\nasync def register_models(): return []"),
        "returned <coroutine object register_models",
        works=True,
    ),
    Broken("slow", before("import time; time.sleep(2.1)"), "it takes 2.1 s to load", "ok", works=True),
)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_plugin_is_one_line_and_the_others_work(broken, site, good, capfd):
    site.add("fine", good("fine-data"))
    broken.install(site)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", PluginWarning)
        plugins = load_plugins()
    lines = [str(one.message) for one in caught]
    assert len(lines) == 1, lines
    line = lines[0]
    origin = f"of {broken.how.get('distribution', f'dist-{broken.name.replace(chr(47), str())}')} 1.0"
    assert line.startswith(f"plugin {broken.name!r} {origin}, dl 0.1.0: ")
    off = "dist-oddname" if broken.name == "odd/name" else broken.name
    assert line.endswith(f"  switch it off: DL_PLUGINS=-{off}")
    assert broken.message in line.encode("unicode_escape").decode() or broken.message in line
    assert "\n" not in line and len(line) < 500
    state = next(one for one in plugins.states if one.origin == origin)
    assert state.state == broken.state
    assert {("vision", "fine-data"), ("vision", "mnist")} <= set(plugins.datasets)
    assert (("vision", f"{broken.name}-data") in plugins.datasets) == broken.works
    assert plugins.renderers and capfd.readouterr() == ("", "")


def dl(*words, **environment):
    given = {**os.environ, "COLUMNS": "1000", **environment}
    return subprocess.run(
        [DL, *words], capture_output=True, text=True, env=given, timeout=60, preexec_fn=_taking_interrupts
    )


def _taking_interrupts():
    """Take Ctrl-C, which a program does not that a shell has started in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_all_of_them_at_once_leave_the_answer_as_it_is(site):
    for broken in BROKEN:
        broken.install(site)
    done = dl("ls", "--json")
    listed = json.loads(done.stdout)
    lines = done.stderr.splitlines()
    assert done.returncode == 0 and len(lines) == len(BROKEN)
    assert all(line.startswith("dl: plugin ") and "DL_PLUGINS=-" in line for line in lines)
    assert "\x1b" not in done.stderr and "Traceback" not in done.stderr
    names = {row["name"] for row in listed["datasets"]}
    assert {f"{broken.name}-data" for broken in BROKEN if broken.works} <= names and "mnist" in names
    assert {"vision"} <= {row["name"] for row in listed["domains"]}


def test_switched_off_they_say_nothing_and_in_strict_mode_the_first_ends_it(site):
    for broken in BROKEN:
        if broken.name not in ("mnist", "slow"):
            broken.install(site)
    off = ",".join(f"-{broken.name}" for broken in BROKEN if broken.name not in ("mnist", "slow"))
    done = dl("ls", "--json", DL_PLUGINS=off, DL_STRICT_PLUGINS="1")
    assert (done.returncode, done.stderr) == (0, "")
    done = dl("ls", "--json", DL_STRICT_PLUGINS="1")
    assert done.returncode == 4 and json.loads(done.stdout)["error"]["command"] == "dl plugins"
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.rstrip().endswith("more: dl plugins")


def test_a_real_interrupt_is_not_taken_for_a_plugins_own(site, good):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT); import time; time.sleep(5)"
    site.add("interrupted", good("x", first=code))
    done = dl("ls")
    assert (done.returncode, done.stdout) == (130, "") and "plugin" not in done.stderr


def test_an_interrupt_that_a_plugin_swallows_still_stops(site, good):
    code = "import os, signal\ntry:\n    os.kill(os.getpid(), signal.SIGINT)\nexcept BaseException:\n    pass\n"
    site.add("deaf", good("x", first=code))
    assert dl("ls").returncode == 130


def test_a_fork_does_not_come_out_of_a_plugin_as_a_second_dl(site, good):
    site.add("forks", good("x", first="import os; os.fork()"))
    done = dl("ls", "--json")
    assert done.returncode == 0 and "mnist" in {row["name"] for row in json.loads(done.stdout)["datasets"]}


def test_a_name_that_cannot_be_typed_is_switched_off_by_its_distribution(site, good):
    site.add("odd name", good("x"), distribution="dist-odd")
    site.add("long", "", point="n" * 5000, distribution="dist-long")
    lines = dl("ls").stderr.splitlines()
    off = {line.rpartition("  ")[2] for line in lines}
    assert off == {"switch it off: DL_PLUGINS=-dist-odd", "switch it off: DL_PLUGINS=-dist-long"}
    assert all(len(line) < 250 for line in lines)
    assert dl("ls", DL_PLUGINS="-dist-odd,-dist-long").stderr == ""


COMMANDS = """
def raises():
    class Odd(BaseException): pass
    raise Odd('no')

@hookimpl
def register_commands():
    codes = {'zero': 0, 'seven': 7, 'none': None, 'wraps': 256, 'below': -1, 'words': 'x', 'huge': 1 << 70, 'yes': True}
    made = [CommandSpec(name, 'x', lambda code=code: code) for name, code in codes.items()]
    return [CommandSpec('raises', 'x', raises), *[CommandSpec(n.name, 'x', make(n.function)) for n in made]]

def make(function):
    return lambda: function()
"""


def test_what_a_command_returns_is_an_exit_code_or_its_plugins_failure(site, good):
    site.add("commands", good("x", then=COMMANDS))
    assert [dl(name).returncode for name in ("zero", "none", "seven")] == [0, 0, 7]
    bad = {"wraps": "256", "below": "-1", "words": "'x'", "huge": "1", "yes": "True"}  # True would be 1, a failure
    for name, message in [("raises", "Odd: no"), *((name, f"returned {value}") for name, value in bad.items())]:
        done = dl(name)
        assert done.returncode == 4 and message in done.stderr and len(done.stderr.splitlines()) == 1


def test_an_error_without_an_owner_names_the_way_to_rule_plugins_out(site, good):
    site.add("patches", good("x", first="import json; json.dumps = None"))
    done = dl("ls", "--json")
    assert done.returncode == 1 and done.stderr.startswith("dl: an error in dl, or in a plugin that has patched it")
    assert "DL_PLUGINS=none" in done.stderr.splitlines()[0]
    assert dl("ls", "--json", DL_PLUGINS="none").returncode == 0


def test_the_traceback_is_there_when_it_is_asked_for(site):
    site.add("raises", "raise ValueError('out of luck')")
    done = dl("ls", DL_DEBUG="1")
    assert done.returncode == 0 and "Traceback" in done.stderr and "out of luck" in done.stderr
    assert "Traceback" not in dl("ls").stderr


def test_two_strangers_that_take_one_name_are_both_named_and_the_first_by_name_keeps_it(site, good):
    site.add("anna", good("twin"))
    site.add("bert", good("twin", then=""))
    with pytest.warns(PluginWarning) as caught:
        plugins = load_plugins()
    (line,) = [str(one.message) for one in caught]
    assert "plugin 'bert' of dist-bert 1.0" in line
    assert "the data set 'twin' is left out, since plugin 'anna' of dist-anna 1.0 has that name" in line
    assert next(s for s in plugins.states if s.name == "anna").registered == {"register_datasets": ("twin",)}


CHOOSY = """
from dl.hookspecs import hookimpl
from dl.options import Option
from dl.specs import ModelSpec, RegularizerSpec

OPTIONS = (Option("width", 8, "units"), Option("window", 2, "pixels at once"), Option("shape", "tall", "a word"))

@hookimpl
def register_models():
    return [ModelSpec("choosy", "vision", "of a test", build, OPTIONS)]

@hookimpl
def register_regularizers():
    return [RegularizerSpec("picky", "penalty", "of a test", pick, (Option("by", 1.0, "factor"),))]

def build(shape, outputs, options):
    from torch import nn
    from dl.errors import BadOption

    if options["width"] < 1:
        raise ValueError("a layer has units")
    if options["shape"] not in ("tall", "wide"):
        raise BadOption("there are tall and wide")
    channels = shape[0]
    pooled = nn.Sequential(nn.Conv2d(channels, options["width"], options["window"]), nn.AdaptiveMaxPool2d(1))
    return nn.Sequential(pooled, nn.Flatten(), nn.Linear(options["width"] * {more}, outputs))

def pick(options, task):
    from dl.regularizer import Regularizer

    if options["by"] > 9:
        raise TypeError("a factor of one digit")
    return Regularizer(penalty=lambda network: 0 * next(network.parameters()).sum())
"""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("width=0",), "model choosy: width=0 is refused: ValueError: a layer has units (plugin_"),
        (("shape=round", "width=4"), "model choosy: shape=round is refused: there are tall and wide  by default: tall"),
        (("window=99",), "model choosy: window=99 is refused: RuntimeError: "),
        (("--reg", "picky=10"), "regularizer picky: by=10 is refused: TypeError: a factor of one digit (plugin_"),
    ],
)
def test_a_value_that_a_plugin_cannot_build_from_is_the_users_and_one_line(site, tmp_path, words, said):
    site.add("choosy", CHOOSY.replace("{more}", "1"))
    done = dl("fit", "vision", "digits", "--model", "choosy", "epochs=1", "--runs", str(tmp_path / "runs"), *words)
    assert done.returncode == 2 and done.stderr.startswith(f"dl: {said}"), done.stderr
    assert len(done.stderr.splitlines()) == 1 and "DL_PLUGINS" not in done.stderr
    assert not list((tmp_path / "runs").glob("*"))


def test_a_network_that_fails_whatever_is_typed_is_its_plugins(site, tmp_path):
    site.add("choosy", CHOOSY.replace("{more}", "2"))
    done = dl("fit", "vision", "digits", "--model", "choosy", "width=4", "--runs", str(tmp_path / "runs"))
    assert done.returncode == 4 and "plugin 'choosy'" in done.stderr and "refused" not in done.stderr
