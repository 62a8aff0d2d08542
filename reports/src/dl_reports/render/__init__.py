"""Rendering: a report in the terminal, as a web page, as Markdown. Nothing is computed here, only laid out."""
