import io

from rich.console import Console

from dl.runs.workflow import StageRecord
from dl.stages.display import WorkflowDisplay

RECORD = StageRecord(
    "overfit", "finished", result="learnt by heart", exit="enlarge it", passed=False, next="dl overfit a b"
)


def shown(terminal, record, width=60):
    stream = io.StringIO()
    display = WorkflowDisplay(Console(file=stream, force_terminal=terminal, color_system=None, width=width), 7)
    display.begin(4, StageRecord("overfit", "running", entry="it learns"), lambda: 90.0)
    display.inner.print("fit 1: 50 %\nfit 2: 60 %")
    display.end(4, record)
    return stream.getvalue()


def test_without_a_terminal_there_are_plain_lines_with_the_condition_and_its_command():
    assert shown(False, RECORD).splitlines() == [
        "4/7 overfit     it learns, about 90 s left",
        "4/7 overfit     learnt by heart  0.0 s",
        "                ! enlarge it",
        "                dl overfit a b",
    ]


def test_on_a_terminal_the_line_of_the_running_stage_is_replaced_and_long_lines_are_indented():
    long = StageRecord("overfit", "finished", result="word " * 20, exit="fine")
    text = shown(True, long, 60)
    assert "\x1b[" in text and "fit 2: 60 %" in text and "\n                word" in text


def test_a_skipped_stage_is_one_line_with_the_reason():
    assert (
        shown(False, StageRecord("overfit", "skipped", entry="no time")).splitlines()[-1]
        == "4/7 overfit     skipped: no time"
    )
