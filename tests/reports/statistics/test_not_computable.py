from dl_reports.statistics import NotComputable


def test_a_reason_completes_a_sentence():
    assert str(NotComputable("the set has no examples")) == "not computable, because the set has no examples"


def test_two_results_of_one_reason_are_the_same():
    assert NotComputable("one epoch") == NotComputable("one epoch") != NotComputable("two epochs")
