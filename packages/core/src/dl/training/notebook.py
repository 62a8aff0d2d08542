"""The progress of a fit in a notebook: a table that updates in place, and stays as its last epoch left it.

Nothing is imported: in a kernel of Jupyter, IPython is there; elsewhere, as in a plain script, nothing is shown.
"""

from __future__ import annotations

import io
import sys
import time
from html import escape
from typing import Any

from rich.console import Console

from dl.training.progress import ProgressDisplay

BETWEEN = 0.25  # seconds, at least, between two updates
WIDTH = 100  # columns of the text
STYLE = "font-variant-numeric:tabular-nums;text-align:left"


class NotebookConsole(Console):
    """Prints nothing; a fit that is given it shows itself below the cell of a notebook."""

    def __init__(self) -> None:
        super().__init__(quiet=True, width=WIDTH, force_terminal=False, force_jupyter=False)


def default_console() -> Console:
    """Return the console of a fit that was given none: in a kernel it shows its progress, elsewhere nothing."""
    return NotebookConsole() if _in_kernel() else Console(quiet=True)


def _in_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return hasattr(shell, "kernel") and "IPython.display" in sys.modules


class NotebookDisplay(ProgressDisplay):
    """Shows a fit below the cell of a notebook."""

    _handle: Any = None  # Any: of IPython
    _updated = 0.0

    def __enter__(self) -> NotebookDisplay:
        self._handle = sys.modules["IPython.display"].display(self, display_id=True)
        return self

    def __exit__(self, *given: object) -> None:
        super().__exit__(*given)
        self.rows = self._thinned()
        self._update(always=True)

    def epoch(self, *given: Any) -> None:  # Any: as ProgressDisplay takes them
        """Show a finished epoch."""
        super().epoch(*given)
        self._update()

    def _show(self, text: str) -> None:
        super()._show(text)
        self._update()

    def _update(self, *, always: bool = False) -> None:
        now = time.monotonic()
        if self._handle is not None and (always or now - self._updated >= BETWEEN):
            self._updated = now
            self._handle.update(self)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Return the table as a page and as text."""
        out = Console(
            file=io.StringIO(), width=WIDTH, height=self.console.height, color_system=None, force_jupyter=False
        )
        out.print(self._table())
        text: str = out.file.getvalue()  # type: ignore[attr-defined]  # of a StringIO
        return {"text/plain": text.rstrip(), "text/html": self._html()}

    def _html(self) -> str:
        names = ("epoch", "loss", "probe", f"validation {self.metric.name}", "gap")
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>" for cells in self.rows)
        share = min(self.bar.completed / max(self.steps, 1), 1.0)
        now = f'<progress value="{share:.3f}"></progress> {escape(self.now.plain)}' if self.now else ""
        return f'<table style="{STYLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{now}'
