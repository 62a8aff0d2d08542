"""The hooks: each is documented, and each is called."""

from dl import hookspecs
from dl.plugins.loading import HOOKS
from dl.plugins.validation import KINDS


def test_every_hook_is_documented_and_called():
    assert all(getattr(hookspecs, hook).__doc__ for hook in HOOKS)
    answering = {"render_report", "build_report", "build_comparison", "check_data", "compare_data", "draw_map"}
    assert {hook for kind in KINDS for hook in kind.hooks} | answering == set(HOOKS)


def test_a_hook_that_is_old_names_its_successor_in_its_docstring():
    old = {hook: getattr(hookspecs, hook).dl_spec["warn_on_impl"] for hook in HOOKS}
    old = {hook: str(warning) for hook, warning in old.items() if warning}
    assert set(old) == {"report_sections"}
    assert "`register_sections`" in hookspecs.report_sections.__doc__ and "register_sections" in old["report_sections"]


def test_the_oldest_version_that_is_understood_is_not_newer_than_the_hooks():
    assert 1 <= hookspecs.OLDEST_API <= hookspecs.API
