"""What cannot be computed completes a sentence with its reason, and equals no number."""

from dl_reports.statistics.not_computable import NotComputable


def test_it_reads_as_a_sentence_with_its_reason():
    assert str(NotComputable("one epoch is too few")) == "not computable, because one epoch is too few"


def test_two_of_one_reason_are_the_same_and_neither_is_a_number():
    assert NotComputable("a") == NotComputable("a") != NotComputable("b")
    assert NotComputable("a") != 0
