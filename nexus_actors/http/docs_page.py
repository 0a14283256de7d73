"""The documentation page: one HTML file without third-party code, locked by its content security policy."""

import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final

from msgspec import Struct

_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


class HtmlPage(Struct, frozen=True):
    """A page and the policy under which a browser may show it.

    Attributes:
        html: the page.
        policy: value of Content-Security-Policy: its own scripts and styles, named by their digests, and nothing else.
    """

    html: str
    policy: str


def locked_page(html: str) -> HtmlPage:
    """A page that may run and look only as it was written, and talk only to where it came from."""
    digests: dict[str, list[str]] = {"script": [], "style": []}
    for kind, text in _INLINE.findall(html):
        digests[kind].append(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'")
    allowed = "; ".join(f"{kind}-src {' '.join(found)}" for kind, found in digests.items() if found)
    rest = "default-src 'none'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return HtmlPage(html, f"{rest}; {allowed}" if allowed else rest)


def docs_page(title: str) -> HtmlPage:
    """The page that shows a service's OpenAPI document, which it fetches from ``/openapi.json``.

    Args:
        title: title of the service.
    """
    html = files("nexus_actors.http").joinpath("docs_page.html").read_text("utf-8")
    return locked_page(html.replace("{{title}}", escape(title)))
