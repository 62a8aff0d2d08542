"""The pages of the service for a browser: each is one document with its own style and script, and asks nobody else.

A policy names the hashes of both, so that nothing else is run or loaded.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

Json = Mapping[str, Any]  # Any: JSON
METHODS = ("get", "post")
CURL = {
    "image/*": "curl -H 'Content-Type: image/png' --data-binary @photo.png {address}",
    "application/json": "curl -H 'Content-Type: application/json' -d '{{\"texts\": [\"a good film\"]}}' {address}",
    "multipart/form-data": "curl -F file=@photo.png -F file=@other.png {address}",
    "text/csv": "curl -H 'Content-Type: text/csv' --data-binary @rows.csv {address}",
    "text/plain": "curl -H 'Content-Type: text/plain' -d 'a film to remember' {address}",
}


@dataclass(frozen=True)
class Page:
    """A page with what the browser may do on it.

    Args:
        html: The document.
        policy: Its Content-Security-Policy.
    """

    html: str
    policy: str

    @property
    def headers(self) -> dict[str, str]:
        """The headers that it is sent with."""
        return {
            "Content-Security-Policy": self.policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }


def make_page(title: str, body: str, script: str = "") -> Page:
    """Make a page.

    Args:
        title: In words.
        body: Its elements.
        script: Its script; empty for none.
    """
    style = _packaged("page.css")
    allowed = f"'{_hash(script)}'" if script else "'none'"
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src '{_hash(style)}'; connect-src 'self'; "
        "img-src blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    element = f"<script>{script}</script>" if script else ""
    html = (
        '<!doctype html>\n<html lang="en"><head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head><body>\n{body}\n{element}</body></html>\n"
    )
    return Page(html, policy)


@cache
def front_page() -> Page:
    """Return the page at the root: its script asks for the runs and for answers."""
    return make_page("dl serve", _packaged("page.html"), _packaged("page.js"))


def operations_page(description: Json) -> Page:
    """Return the page of all operations.

    Args:
        description: Of the service, as OpenAPI.
    """
    return make_page("dl serve: operations", "\n".join(_operations(description)))


def _operations(description: Json) -> Iterator[str]:
    yield "<main>\n<h1>Operations</h1>"
    yield '<p class="state"><a href="./">try it</a> · <a href="openapi.json">openapi.json</a></p>'
    yield (
        "<p>An error is answered with a status of 4xx or 5xx and <code>{&quot;error&quot;: &quot;what was asked, what "
        "was found, what to do&quot;}</code>. Where the service has a token, each request brings the header "
        "<code>Authorization: Bearer TOKEN</code>.</p>"
    )
    for path, methods in description["paths"].items():
        for method in METHODS:
            if method in methods:
                yield from _operation(path, method, methods[method])
    yield "</main>"


def _operation(path: str, method: str, about: Json) -> Iterator[str]:
    yield f"<section><h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(about.get('summary', ''))}.</p>"
    parameters = about.get("parameters", ())
    rows = [(one["name"], one["in"], one.get("description", "")) for one in parameters]
    yield from _table(("parameter", "in", ""), rows)
    content = about.get("requestBody", {}).get("content", {})
    if content:
        yield "<h3>Body: one of</h3>"
        yield from _table(("type", "content"), [(kind, _about(one["schema"])) for kind, one in content.items()])
        address = f"http://127.0.0.1:8000{path.replace('{name}', 'NAME')}"
        commands = [CURL[kind].format(address=address) for kind in content if kind in CURL]
        yield f"<pre>{escape(chr(10).join(commands))}</pre>"
    answers = about.get("responses", {}).items()
    yield from _table(("status", "answer"), [(status, one.get("description", "")) for status, one in answers])
    yield "</section>"


def _about(schema: Json) -> str:
    """Return what a body holds, in words."""
    fields = ", ".join(schema.get("properties", ()))
    return f"fields {fields}" if fields else str(schema.get("description", ""))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table; nothing without rows, and no column that is empty in all."""
    kept = [at for at in range(len(head)) if any(row[at] for row in rows)]
    if not kept:
        return
    heads = "".join(f"<th scope=col>{escape(head[at])}</th>" for at in kept)
    lines = ("".join(f"<td>{escape(str(row[at]))}</td>" for at in kept) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    yield f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


def _hash(text: str) -> str:
    """Return the hash of an element as a policy names it."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _packaged(name: str) -> str:
    return files("dl_serve").joinpath("web", name).read_text(encoding="utf-8")
