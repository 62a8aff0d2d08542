"""A stranger's plugin that adds a check, a report section, a verb and a logger, installed, in real processes."""

import json
import subprocess
import sys

SOURCE = '''
from dl.hookspecs import hookimpl
from dl.specs import CheckSpec, CommandSpec, LoggerSpec, SectionSpec


def check():
    from dl.finding import Finding

    def few(facts):
        epochs = len(facts.epochs)
        return [Finding("other-few-epochs", "tip", f"only {epochs} epochs were fitted", {"epochs": epochs})]

    return few


def section():
    return lambda facts: [f"the stranger saw {len(facts.epochs)} epochs"]


def say():
    """Say something.

    Example: dl say
    """
    print("said")


def logger(folder, options):
    from lightning.pytorch.loggers import CSVLogger

    return CSVLogger(folder, name="stranger", version="")


@hookimpl
def register_checks():
    return [CheckSpec("other-few-epochs", "few epochs", check, lambda: "# other-few-epochs\\n\\nFit for longer.\\n")]


@hookimpl
def register_sections():
    return [SectionSpec("a stranger's words", section)]


@hookimpl
def register_commands():
    return [CommandSpec("say", "Say something.\\n\\nExample: dl say", say)]


@hookimpl
def register_loggers():
    return [LoggerSpec("stranger", "a CSV file of a stranger's", logger)]
'''


def test_a_strangers_check_section_verb_and_logger_work_in_a_fit_and_after_it(site, tmp_path):
    site.add("stranger", SOURCE)
    rows = "".join(f"{'good fine nice' if k % 2 else 'bad poor sad'} {k},{k % 2}\n" for k in range(60))
    (tmp_path / "small.csv").write_text("text,label\n" + rows)

    def dl(*words):
        done = subprocess.run(
            [sys.executable, "-m", "dl", *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        assert "warning" not in done.stderr
        return done.stdout

    told = dl("fit", "text", "small.csv", "--recipe", "book-dense", "epochs=2", "val=12", "--logger", "stranger")
    assert "only 2 epochs were fitted" in told
    assert "a stranger's words" in told and "the stranger saw 2 epochs" in told
    assert len((tmp_path / "runs" / "0001-small-bag" / "stranger" / "metrics.csv").read_text().splitlines()) == 3
    assert dl("say") == "said\n"
    assert "Fit for longer." in dl("explain", "other-few-epochs")
    listed = {one["name"]: one for one in json.loads(dl("plugins", "--json"))}
    assert set(listed["stranger"]["hooks"]) == {
        *("register_checks", "register_sections", "register_commands", "register_loggers")
    }
