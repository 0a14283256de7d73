"""The signing keys of the platform."""

from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from bus import Refusal
from modules.infrastructure.auth.actors.revoking import revoke
from modules.infrastructure.auth.contract import (
    RING,
    AddSigningKey,
    PruneRevocations,
    RenewAddresses,
    SigningKey,
    SigningKeyPublished,
    SigningKeyRetired,
)
from modules.infrastructure.auth.domain.key_schedule import RingKey, add_key
from nexus_actors import Actor, Context, handles
from nexus_actors.security.keys import UnusableKey, public_key

PRUNE_EVERY = timedelta(hours=1)
KEEP_RETIRED = timedelta(days=90)

_PUBLISH = "INSERT INTO nexus.signing_keys (kid, jwk, activates_at) VALUES ($1, $2, $3)"
_RETIRE = "UPDATE nexus.signing_keys SET retires_at = $2 WHERE kid = $1"
_STORE = "INSERT INTO private_keys (kid, sealed_key) VALUES ($1, $2)"
_DESTROY = "DELETE FROM private_keys WHERE kid = ANY($1)"
_PRUNE = "DELETE FROM nexus.revocations WHERE not_after < $1"
_PRUNE_KEYS = "DELETE FROM nexus.signing_keys WHERE kid = ANY($1)"


class RingState(Struct):
    """The key ring: all keys that are not long retired."""

    keys: list[RingKey] = field(default_factory=list)


class KeyRingActor(Actor[RingState], platform=True):
    """The one key ring of the platform. Each key that it takes in is published before it signs."""

    @handles
    async def add(self, message: AddSigningKey, ctx: Context) -> SigningKey | None:
        """Take a new key in, and say when those before it retire."""
        self._check(message)
        change = add_key(self.state.keys, message.alg, message.rotation, ctx.now)
        if change is None:
            return None
        key = RingKey(kid=message.kid, alg=message.alg, activates_at=change.activates_at)
        await ctx.db.execute(_PUBLISH, message.kid, message.jwk, change.activates_at)
        await ctx.db.execute(_STORE, message.kid, message.sealed_key)
        published = SigningKeyPublished(ring=RING, kid=message.kid, jwk=message.jwk, activates_at=change.activates_at)
        ctx.publish(published)
        self.state.keys = [await self._retired(old, change.retired, ctx) for old in self.state.keys] + [key]
        if message.rotation == "emergency":
            await self._revoke(list(change.retired), ctx)
        ctx.schedule(PruneRevocations(ring=RING), ctx.now + PRUNE_EVERY, "prune")
        return SigningKey(kid=key.kid, alg=key.alg, activates_at=key.activates_at, retires_at=None)

    @handles
    async def prune(self, message: PruneRevocations, ctx: Context) -> None:
        """Forget what no token needs any more, and have addresses gone through: this is what comes round every hour."""
        await ctx.db.execute(_PRUNE, ctx.now)
        await ctx.db.execute(_DESTROY, [key.kid for key in self.state.keys if _over(key, ctx.now)])
        gone = [key.kid for key in self.state.keys if _over(key, ctx.now - KEEP_RETIRED)]
        await ctx.db.execute(_PRUNE_KEYS, gone)
        self.state.keys = [key for key in self.state.keys if key.kid not in gone]
        ctx.send(RenewAddresses(ring=message.ring))
        ctx.schedule(PruneRevocations(ring=message.ring), ctx.now + PRUNE_EVERY, "prune")

    def _check(self, message: AddSigningKey) -> None:
        if message.ring != RING:
            raise Refusal.not_found("ring_not_found", f"There is one key ring, {RING}.")
        if any(key.kid == message.kid for key in self.state.keys):
            raise Refusal.conflict("key_exists", "This key is in the ring already. Make a new one.")
        try:
            alg, _ = public_key(message.jwk)
        except UnusableKey as error:
            raise Refusal.invalid("unusable_key", str(error)) from error
        if alg != message.alg:
            raise Refusal.invalid("unusable_key", f"The key is for {alg}, not for {message.alg}.")

    async def _retired(self, key: RingKey, ends: dict[str, datetime], ctx: Context) -> RingKey:
        end = ends.get(key.kid)
        if end is None:
            return key
        await ctx.db.execute(_RETIRE, key.kid, end)
        ctx.publish(SigningKeyRetired(ring=RING, kid=key.kid, retires_at=end))
        return replace(key, retires_at=end)

    async def _revoke(self, kids: list[str], ctx: Context) -> None:
        await ctx.db.execute(_DESTROY, kids)
        for kid in kids:
            await revoke(ctx, "key", kid, "emergency_rotation")


def _over(key: RingKey, now: datetime) -> bool:
    return key.retires_at is not None and key.retires_at <= now
