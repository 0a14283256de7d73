"""Who a program is: client authentication (RFC 6749, section 2.3.1)."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import unquote_plus
from uuid import UUID

from msgspec import Struct

from modules.infrastructure.auth import queries
from modules.infrastructure.auth.domain.client_secret import is_secret, matches
from modules.infrastructure.auth.queries import ServiceCredential
from nexus_actors.database import Database

_SCHEME: Final = "basic"
_MAX_HEADER: Final = 1024


class UnknownClient(Exception):
    """Raised when a program does not make itself known. Its text says what is missing, nothing of what is right."""


class Client(Struct, frozen=True):
    """A program that has proved who it is.

    Attributes:
        secret_version: which of its secrets it used.
    """

    account: ServiceCredential
    secret_version: int


async def authenticate(db: Database, authorization: str | None, form: Mapping[str, str], now: datetime) -> Client:
    """The service account behind an Authorization header or the form's client_id and client_secret.

    Raises:
        UnknownClient: neither is there, both are, or they name no active service account with this secret.
    """
    client_id, secret = _credentials(authorization, form)
    try:
        account_id = UUID(client_id)
    except ValueError:
        raise _unknown() from None
    account = await queries.service_credential(db, account_id, now) if is_secret(secret) else None
    if account is None:
        raise _unknown()
    if matches(secret, account.secret_sha256):
        return Client(account, account.secret_version)
    if matches(secret, account.old_secret_sha256):
        return Client(account, account.secret_version - 1)
    raise _unknown()


def uses_basic(authorization: str | None) -> bool:
    """Whether the header is one of HTTP Basic authentication (RFC 7617)."""
    return authorization is not None and authorization.partition(" ")[0].lower() == _SCHEME


def _credentials(authorization: str | None, form: Mapping[str, str]) -> tuple[str, str]:
    if not uses_basic(authorization) or authorization is None:
        if "client_id" not in form or "client_secret" not in form:
            raise UnknownClient("Send client_id and client_secret, by HTTP Basic authentication or in the form.")
        return form["client_id"], form["client_secret"]
    if "client_secret" in form:
        raise UnknownClient("The client authenticates in two ways at once. Choose one.")
    encoded = authorization.partition(" ")[2].strip(" ")
    if len(encoded) > _MAX_HEADER:
        raise _unknown()
    try:
        name, colon, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _unknown() from None
    if not colon or form.get("client_id", name) != name:
        raise _unknown()
    return unquote_plus(name), unquote_plus(secret)


def _unknown() -> UnknownClient:
    return UnknownClient("There is no active service account with this id and secret.")
