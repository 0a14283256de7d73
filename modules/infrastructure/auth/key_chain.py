"""The key that signs now, as the database has it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from anyio import Lock, to_thread

from modules.infrastructure.auth.asking import Ask
from modules.infrastructure.auth.contract import RING, AddSigningKey, SigningKey
from modules.infrastructure.auth.domain.key_schedule import RingKey, Rotation, active_key, needs_key
from modules.infrastructure.auth.signing import DEFAULT_ALG, SigningPair, load_pair, make_key
from modules.infrastructure.auth.vault import Vault
from nexus_actors.database import Database, Row

FRESH_FOR = timedelta(seconds=1)
"""How old the view of the ring may be: so long may a key still sign after an emergency, to no avail."""

_KEYS = """
SELECT kid, jwk, activates_at, retires_at, sealed_key
FROM nexus.signing_keys JOIN private_keys USING (kid)
"""


class KeyChain:
    """Gives the active key and has its successor made in time.

    The ring is a matter of its actor; this only looks at it, and asks for a new key when the schedule says so. Several
    processes may do so at once: the actor takes one key and finds the others not needed.
    """

    def __init__(self, vault: Vault, alg: str = DEFAULT_ALG) -> None:
        self._vault = vault
        self._alg = alg
        self._lock = Lock()
        self._pairs: dict[str, SigningPair] = {}
        self._ring: list[RingKey] = []
        self._read_at: datetime | None = None

    async def active(self, db: Database, ask: Ask, now: datetime) -> SigningPair:
        """The key to sign with.

        Raises:
            BrokenSeal: it was sealed under another key-encryption key.
            bus.Refusal, bus.BusError: a new key was needed and not taken in.
        """
        if self._is_stale(now):
            async with self._lock:
                if self._is_stale(now):
                    await self._read(db, now)
                    if needs_key(self._ring, self._alg, now):
                        await self.add(ask, "due")
                        await self._read(db, now)
        return self._active(now)

    async def add(self, ask: Ask, rotation: Rotation) -> SigningKey | None:
        """Make a key and ask the ring to take it in. The next use of the chain looks at the ring anew."""
        made = await to_thread.run_sync(make_key, self._alg)
        sealed = self._vault.seal(made.private, f"key:{made.kid}")
        self._read_at = None
        command = AddSigningKey(ring=RING, kid=made.kid, alg=made.alg, jwk=made.jwk, sealed_key=sealed, rotation=rotation)
        return await ask(command)

    def _is_stale(self, now: datetime) -> bool:
        return self._read_at is None or not timedelta(0) <= now - self._read_at < FRESH_FOR

    async def _read(self, db: Database, now: datetime) -> None:
        rows = await db.fetch(_KEYS)
        self._ring = [_ring_key(row) for row in rows]
        self._pairs = self._open(rows)
        self._read_at = now

    def _open(self, rows: Sequence[Row]) -> dict[str, SigningPair]:
        """The key pairs, those that are known already without opening them again."""
        pairs = {}
        for row, key in zip(rows, self._ring, strict=True):
            pairs[key.kid] = self._pairs.get(key.kid) or load_pair(
                key.kid, key.alg, self._vault.open(row["sealed_key"], f"key:{key.kid}")
            )
        return pairs

    def _active(self, now: datetime) -> SigningPair:
        # A new ring's first key comes into use at the instant of the actor's turn, which may lie after this request's.
        key = active_key(self._ring, self._alg, now) or min(self._ring, key=lambda key: key.activates_at)
        return self._pairs[key.kid]


def _ring_key(row: Row) -> RingKey:
    jwk = msgspec.json.decode(row["jwk"], type=dict[str, str])
    return RingKey(kid=row["kid"], alg=jwk["alg"], activates_at=row["activates_at"], retires_at=row["retires_at"])
