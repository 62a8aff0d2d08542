"""The plugin of dl-reports: what it registers, and the report at the end of a fit."""

import io

from rich.console import Console

from dl_reports import plugin
from dl_reports.registry import OWN


def test_the_plugin_registers_its_checks_and_verbs(plugins):
    ours = {name for name, spec in plugins.checks.items() if spec.plugin == "reports"}
    assert ours == {entry[0] for entry in OWN}
    verbs = {"report", "explain", "compare", "board", "overfit", "curve"}
    assert {spec.name for spec in plugin.register_commands()} == verbs


def test_a_report_is_printed_where_a_fit_asks_for_it(simulated, plugins):
    stream = io.StringIO()
    assert plugin.render_report(simulated(signal=[3.0] * 3), Console(file=stream, width=80), plugins) is True
    assert stream.getvalue().startswith("0001-simulated") and "dl report 0001" in stream.getvalue()
