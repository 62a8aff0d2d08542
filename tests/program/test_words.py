"""The page of words in the documents holds the entries of `dl explain`."""

from tools.words import PAGE, page


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page()
