"""Render a report in the terminal, as a web page or as Markdown. Nothing is computed here, only laid out."""
