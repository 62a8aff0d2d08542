"""A check for the reports of dl."""

CODE = "newplugin-best-is-first"  # of its findings
