"""Text without trailing blanks, and for streams that take nothing but ASCII."""

import io

import pytest
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dl_reports.glossary import words
from dl_reports.render.trimmed import Indented, Trimmed, in_ascii


@pytest.mark.parametrize("width", [20, 80])
def test_a_body_is_moved_to_the_right_as_by_the_padding_of_rich(width):
    table = Table.grid(padding=(0, 2))
    table.add_row("one", Text("two " * 9, "bold"))
    body = Group(table, Text("three"))
    shown = []
    for one in (Indented(body, 2), Padding(body, (0, 0, 0, 2), expand=False)):
        stream = io.StringIO()
        Console(file=stream, width=width, force_terminal=True).print(Trimmed(Text("title"), one, Text("end")))
        shown.append(stream.getvalue())
    assert shown[0] == shown[1] and shown[0].splitlines()[0] == "title"


def test_strokes_blocks_and_braille_have_a_character_in_ascii():
    assert in_ascii("╭─╮ █░ ⠁⣿ ✓ é") == "+-+ @. .: + ?"


def test_every_picture_of_a_word_can_be_drawn_in_ascii():
    assert not [word.name for word in words() if in_ascii(word.picture).count("?") > word.picture.count("?")]
