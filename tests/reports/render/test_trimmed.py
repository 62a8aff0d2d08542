"""Text for streams that take nothing but ASCII."""

from dl_reports.glossary import words
from dl_reports.render.trimmed import in_ascii


def test_strokes_blocks_and_braille_have_a_character_in_ascii():
    assert in_ascii("╭─╮ █░ ⠁⣿ ✓ é") == "+-+ @. .: + ?"


def test_every_picture_of_a_word_can_be_drawn_in_ascii():
    assert not [word.name for word in words() if in_ascii(word.picture).count("?") > word.picture.count("?")]
