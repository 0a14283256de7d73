"""The codes of the runtime's own problems, and the page that explains them."""

from collections.abc import Mapping
from html import escape
from typing import Final

PROBLEM_CODES: Final[Mapping[str, tuple[int, str]]] = {
    "malformed": (400, "The request cannot be read: broken JSON, a broken transfer, bad percent-encoding."),
    "etag_malformed": (400, "If-Match or If-None-Match is neither * nor a list of tags in double quotes."),
    "several_versions": (400, "If-Match names several versions where one is needed."),
    "idempotency_key_malformed": (400, "Idempotency-Key is not 1 to 255 visible ASCII characters, or comes twice."),
    "token_missing": (401, "There is no token. Log in and send it as Authorization: Bearer <token>."),
    "token_malformed": (401, "The Authorization header or the token in it has another form than it must have."),
    "missing_scope": (403, "The token lacks the scope that the detail names."),
    "no_such_route": (404, "There is nothing at this path."),
    "gateway_itself": (404, "The gateway is asked to pass on to itself. Leave out what leads there from the path."),
    "service_not_built": (404, "The gateway knows the service, which is not built yet."),
    "service_unknown": (404, "The gateway knows no such service."),
    "method_not_allowed": (405, "The path does not take this method; Allow lists those that it takes."),
    "head_timeout": (408, "The head of the request came too slowly."),
    "body_timeout": (408, "The body came too slowly."),
    "version_mismatch": (412, "The thing has moved on from the version in If-Match. Read it again and decide anew."),
    "body_too_large": (413, "The body is longer than the route takes."),
    "message_too_large": (413, "What the request asks is longer than a message between services may be. Ask it in parts."),
    "unsupported_media_type": (415, "The body is of a type, encoding or charset that the route does not take."),
    "unknown_expectation": (417, "Of Expect, only 100-continue is known."),
    "invalid": (422, "The request can be read and says something that is not allowed; errors names the fields."),
    "key_unusable": (422, "What names the thing cannot be a key: it is empty, too long, or has characters that are none."),
    "message_invalid": (422, "The request makes a message that its own type forbids; the detail names the field."),
    "invalid_cursor": (422, "The cursor is not the one that the page before gave."),
    "invalid_range": (422, "The range of time ends before it begins: from is after to."),
    "rate_limited": (429, "These requests come too often. Wait as long as Retry-After says."),
    "http_error": (400, "The request is refused for a reason of HTTP, which the status names."),
    "internal": (500, "Something went wrong in the service; it is logged under the trace id."),
    "handler_failed": (500, "In development alone: what a handler raised, at once. The message is tried again, or was parked."),
    "service_unreachable": (502, "The service behind the gateway cannot be reached, or did not answer in time (504)."),
    "overloaded": (503, "More is waiting than can be taken in. Come again after Retry-After."),
    "too_many_requests_at_work": (503, "Too many requests are at work. Come again after Retry-After."),
    "too_many_connections": (503, "Too many connections are open. Come again after Retry-After."),
    "no_answer_yet": (503, "No answer came in time. Repeat with the same Idempotency-Key to learn it."),
    "newer_release_needed": (503, "The answer is of a newer release. Repeat with the same Idempotency-Key to learn it."),
    "publish_failed": (503, "The sending was not confirmed. Repeat with the same Idempotency-Key."),
    "bus_unavailable": (503, "The message bus cannot be reached."),
    "database_busy": (503, "What is needed in the database is in other hands: locked by a migration, for instance."),
    "database_unavailable": (503, "The database cannot be reached, or cannot work: full, read-only, shutting down."),
    "gateway_loop": (508, "The request comes from the gateway itself, by way of somebody who passes it back."),
}

_STYLE: Final = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
dt { font-weight: 600; margin-top: 1rem } dd { margin: 0 } :target { outline: 2px solid; outline-offset: .25rem }
"""


def problem_page(title: str) -> str:
    """The page of codes, as HTML; each code is an anchor, to which the ``type`` of a problem document points.

    Args:
        title: title of the service.
    """
    entries = "\n".join(
        f'<dt id="{code}"><code>{code}</code> ({status})</dt><dd>{escape(meaning)}</dd>'
        for code, (status, meaning) in PROBLEM_CODES.items()
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Problems of {escape(title)}</title><style>{_STYLE}</style></head>
<body><h1>Problems</h1>
<p>Every answer that is no result is a problem document (RFC 9457) with one of these codes, or with one of a rule of this
service, whose <code>detail</code> says what happened and what to do.</p>
<dl>
{entries}
</dl>
<p><a href="/docs">Documentation of {escape(title)}</a></p>
</body></html>
"""
