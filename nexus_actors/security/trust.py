"""What a process trusts: the signing keys of auth-ms and the tokens that it has taken back."""

import heapq
from collections.abc import Iterable
from datetime import datetime
from typing import get_args

import msgspec
from msgspec import Struct

from nexus_actors.database import Database, Row
from nexus_actors.security.contract import RevocationKind, SigningKeyPublished, SigningKeyRetired, TokensRevoked
from nexus_actors.security.keys import VerificationKey, public_key

TrustEvent = SigningKeyPublished | SigningKeyRetired | TokensRevoked

_KEYS = "SELECT kid, jwk, activates_at, retires_at FROM nexus.signing_keys"
_REVOCATIONS = "SELECT kind, value, revoked_at, not_after FROM nexus.revocations WHERE not_after > now()"


class Revocation(Struct, frozen=True):
    """Tokens taken back at an instant, and when the last of them has expired."""

    revoked_at: datetime
    not_after: datetime


class TrustStore:
    """Signing keys by kid and revocations by kind and value, in memory.

    Whatever it is told, in whatever order and however often, it ends in the same state: a key once retired stays retired, a
    later revocation widens an earlier one. So it may be loaded and follow the events at the same time.
    Not thread safe; its methods do no I/O.
    """

    def __init__(self) -> None:
        self._keys: dict[str, VerificationKey] = {}
        self._retired: dict[str, datetime] = {}
        self._revocations: dict[RevocationKind, dict[str, Revocation]] = {kind: {} for kind in get_args(RevocationKind)}
        self._ends: list[tuple[datetime, RevocationKind, str]] = []

    def apply(self, event: TrustEvent) -> None:
        """Take in what auth-ms has published.

        Raises:
            UnusableKey: the published key is no public key of an allowed algorithm.
        """
        match event:
            case SigningKeyPublished():
                self.add_key(event.kid, event.jwk, event.activates_at)
            case SigningKeyRetired():
                self.retire_key(event.kid, event.retires_at)
            case TokensRevoked():
                self.revoke(event.kind, event.value, event.revoked_at, event.not_after)

    def add_key(self, kid: str, jwk: dict[str, str], activates_at: datetime) -> None:
        """Trust a public key. A kid that is known keeps the key that it has.

        Raises:
            UnusableKey: as `public_key`.
        """
        if kid in self._keys:
            return
        alg, key = public_key(jwk)
        self._keys[kid] = VerificationKey(kid, alg, key, activates_at, self._retired.get(kid))

    def retire_key(self, kid: str, retires_at: datetime) -> None:
        """Stop trusting a key at an instant. Of several instants the earliest counts."""
        self._retired[kid] = retires_at = min(retires_at, self._retired.get(kid, retires_at))
        key = self._keys.get(kid)
        if key is not None:
            self._keys[kid] = VerificationKey(key.kid, key.alg, key.key, key.activates_at, retires_at)

    def revoke(self, kind: RevocationKind, value: str, revoked_at: datetime, not_after: datetime) -> None:
        """Take tokens back. Forgets the revocations that had ended by then."""
        if kind == "key":
            self.retire_key(value, revoked_at)
        entries = self._revocations[kind]
        known = entries.get(value)
        if known is None or known.not_after < not_after:
            heapq.heappush(self._ends, (not_after, kind, value))
        known = known or Revocation(revoked_at, not_after)
        entries[value] = Revocation(max(known.revoked_at, revoked_at), max(known.not_after, not_after))
        self._forget(revoked_at)

    def take_rows(self, keys: Iterable[Row], revocations: Iterable[Row]) -> None:
        """Take in rows of the two trust tables, with all their columns.

        Raises:
            UnusableKey: as `add_key`.
        """
        for row in keys:
            self.add_key(row["kid"], msgspec.json.decode(row["jwk"], type=dict[str, str]), row["activates_at"])
            if row["retires_at"] is not None:
                self.retire_key(row["kid"], row["retires_at"])
        for row in revocations:
            self.revoke(row["kind"], row["value"], row["revoked_at"], row["not_after"])

    def key(self, kid: str, now: datetime) -> VerificationKey | None:
        """The key of that id, unless it is unknown or retired."""
        key = self._keys.get(kid)
        if key is None or (key.retires_at is not None and key.retires_at <= now):
            return None
        return key

    def revoked(self, kind: RevocationKind, value: str, granted_at: datetime | None = None) -> bool:
        """Whether that id has been revoked; with `granted_at`, whether that was at or after this instant."""
        entry = self._revocations[kind].get(value)
        return entry is not None and (granted_at is None or granted_at <= entry.revoked_at)

    def kids(self) -> frozenset[str]:
        """The ids of all keys that have been published, retired ones too."""
        return frozenset(self._keys)

    def revocation_count(self) -> int:
        """How many revocations are held."""
        return sum(len(entries) for entries in self._revocations.values())

    def _forget(self, now: datetime) -> None:
        while self._ends and self._ends[0][0] <= now:
            _, kind, value = heapq.heappop(self._ends)
            entry = self._revocations[kind].get(value)
            if entry is not None and entry.not_after <= now:
                del self._revocations[kind][value]


async def load(db: Database, store: TrustStore | None = None) -> TrustStore:
    """Read both trust tables into ``store``, or into a new one.

    Follow the events from a position taken before the call: what is then seen twice does no harm.
    """
    store = store or TrustStore()
    store.take_rows(await db.fetch(_KEYS), await db.fetch(_REVOCATIONS))
    return store
