"""What trackers keep of a report."""

from dl_loggers.conclusion import numbers, page, short_tags, tags


def test_the_verdict_becomes_tags(made_report):
    assert tags(made_report) == {"skill": "better", "memorization": "large gap", "issues": "fit-gap"}
    assert short_tags(made_report) == (
        "skill:better",
        "memorization:large",
        "memorization:gap",
        "issues:fit-gap",
    )


def test_scores_have_both_ends_of_their_intervals_where_these_are_numbers(made_report):
    assert numbers(made_report) == {
        "best/val": 0.9,
        "best/val/low": 0.8,
        "best/val/high": 0.95,
        "best/gap": 0.1,
        "best/gap/high": 0.2,
    }


def test_the_page_opens_by_itself(made_report):
    assert page(made_report).startswith("<!doctype html>") and page(made_report).endswith("<p>It overfits.</p>")
