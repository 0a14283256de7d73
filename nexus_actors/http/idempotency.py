"""Idempotency keys: a repeated request is the same request (draft-ietf-httpapi-idempotency-key-header).

A key becomes the ids of the commands and things of its request, so nothing about it is stored here: a command whose id the
service has handled gets the answer of that time, and the fingerprint tells a repeat from another request under the same key.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final
from uuid import UUID

from msgspec import Struct

from bus import derive_id, keyed_id
from nexus_actors.http.problem import malformed
from nexus_actors.principal import Principal

HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotent-Replayed"

_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_DIGEST_BYTES: Final = 16


class Idempotency(Struct, frozen=True):
    """What an idempotency key makes of its request.

    Attributes:
        root: the id that all ids of the request follow from.
        fingerprint: a digest of method, target and body.
    """

    root: UUID
    fingerprint: str

    def message_id(self, ordinal: int) -> UUID:
        """The id of the ``ordinal``-th command that the request asks."""
        return derive_id(self.root, f"message {ordinal}")

    def new_id(self, ordinal: int) -> UUID:
        """The ``ordinal``-th id that the request makes for a thing."""
        return derive_id(self.root, f"thing {ordinal}")


def read_key(headers: Sequence[str]) -> str | None:
    """The idempotency key of a request.

    Args:
        headers: the values of its Idempotency-Key headers.

    Raises:
        HttpProblem: 400; there are several, or it is not 1 to 255 visible ASCII characters.
    """
    if not headers:
        return None
    if len(headers) > 1 or not _KEY.fullmatch(headers[0]):
        raise malformed("Send one Idempotency-Key of 1 to 255 visible ASCII characters.", "idempotency_key_malformed")
    return headers[0]


def idempotency_of(key: str, caller: Principal | None, method: str, path: str, query: str, body: bytes) -> Idempotency:
    """What a key makes of a request. The same key of another caller or at another path is another key.

    Args:
        key: the key.
        caller: who asks; None on a public route.
        method: the HTTP method.
        path: the path as it was sent, still percent-encoded.
        query: the query as it was sent.
        body: the body as it was sent.
    """
    tenant, subject = (caller.tenant, caller.subject) if caller is not None else ("", "")
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for part in (method.encode(), path.encode(), query.encode(), body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return Idempotency(keyed_id(tenant, subject, method, path, key), digest.hexdigest())
