"""What the routes of auth-ms work with."""

import os
from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from bus import new_id
from modules.catalogue import entry
from modules.infrastructure.auth.key_chain import KeyChain
from modules.infrastructure.auth.passwords import Passwords
from modules.infrastructure.auth.vault import Entropy, Vault
from nexus_actors.errors import ConfigError
from nexus_actors.http.limits import InMemoryRateLimiter, RateLimit, RateLimiter
from nexus_actors.settings.config import Settings
from nexus_actors.settings.environment import Environment

GUESSES: Final = RateLimit(requests=10, per_s=300, burst=10)
"""How often a network may try passwords of one address, whether that has an account or not."""


class Desk(Struct, frozen=True, kw_only=True):
    """Everything that checks, seals and signs.

    Attributes:
        issuer: what tokens name as their issuer.
        url: where clients reach this service, without a slash at the end.
        vault: seals secrets.
        passwords: hashes passwords.
        keys: the signing keys.
        guesses: counts attempts at one address from one network.
        entropy: source of secrets.
        new_id: makes the ids of tokens.
    """

    issuer: str
    url: str
    vault: Vault
    passwords: Passwords
    keys: KeyChain
    guesses: RateLimiter
    entropy: Entropy = os.urandom
    new_id: Callable[[datetime], UUID] = new_id


def make_desk(issuer: str, url: str, kek: str, passwords: Passwords | None = None) -> Desk:
    """A desk.

    Args:
        issuer: what tokens name as their issuer.
        url: where clients reach this service.
        kek: the key-encryption key. Several may stand here with spaces between: the first one seals, the others still open
            what they have sealed.
        passwords: hashes passwords; on all cores of this machine when left out.
    """
    vault = Vault(kek.split())
    return Desk(
        issuer=issuer,
        url=url.rstrip("/"),
        vault=vault,
        passwords=passwords or Passwords(os.cpu_count() or 1),
        keys=KeyChain(vault),
        guesses=InMemoryRateLimiter(),
    )


def desk_of(environment: Environment) -> Desk:
    """The desk of a process; see `desk_with`."""
    return desk_with(environment.settings)


def desk_with(settings: Settings) -> Desk:
    """The desk that settings ask for.

    Where they do not say where clients reach auth-ms, that is the issuer if it is a URL, and else where other services do. It
    is never what a request says: whoever writes its Host header could send others, with their secrets, where they like.

    Raises:
        ConfigError: NEXUS_AUTH_KEK is missing.
    """
    if settings.auth_kek is None:
        raise ConfigError("NEXUS_AUTH_KEK is missing; auth-ms seals with it. Give at least 32 characters, made at random.")
    here = entry("auth-ms")
    named = settings.auth_issuer if settings.auth_issuer.startswith(("http://", "https://")) else None
    url = settings.auth_url or named or settings.url_of(here.name, here.port)
    return make_desk(settings.auth_issuer, url, settings.auth_kek.reveal())
