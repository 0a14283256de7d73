"""What is asked of accounts of programs, signing keys and tokens."""

from uuid import UUID

from bus import Command, Instant
from modules.infrastructure.auth.contract.values import ServiceAccount, SigningKey
from modules.infrastructure.auth.domain.key_schedule import Rotation
from nexus_actors.security.contract import AUTH

RING = "platform"
"""The key of the one key ring."""


class CreateServiceAccount(Command[ServiceAccount], topic=AUTH, key="account_id"):
    """Make an account for a program."""

    account_id: UUID
    tenant: str
    name: str
    scopes: tuple[str, ...]
    secret_sha256: bytes


class EnsureServiceAccount(Command[ServiceAccount], topic=AUTH, key="account_id"):
    """Make a service account of the platform itself, or give it this secret and these scopes.

    Attributes:
        restore: take an account that was disabled back into use; else it stays out, and this is refused.
    """

    account_id: UUID
    tenant: str
    name: str
    scopes: tuple[str, ...]
    secret_sha256: bytes
    restore: bool = False


class RotateServiceSecret(Command[ServiceAccount], topic=AUTH, key="account_id"):
    """Give a service account a new secret. Without an overlap, its access tokens are taken back too.

    Attributes:
        overlap_s: how long the old secret is still taken, in seconds.
    """

    account_id: UUID
    secret_sha256: bytes
    overlap_s: int
    expected_version: int | None = None


class DisableServiceAccount(Command[ServiceAccount], topic=AUTH, key="account_id"):
    """Keep a program out for good and take back its access tokens."""

    account_id: UUID
    expected_version: int | None = None


class AddSigningKey(Command[SigningKey | None], topic=AUTH, key="ring"):
    """Add a key to the ring; see `Rotation` for when it comes into use. Answers None where a key that is due is not needed.

    Attributes:
        sealed_key: the private key.
    """

    ring: str
    kid: str
    alg: str
    jwk: dict[str, str]
    sealed_key: bytes
    rotation: Rotation


class PruneRevocations(Command[None], topic=AUTH, key="ring"):
    """Forget revocations whose tokens have all expired, and the private halves of retired keys."""

    ring: str


class RenewAddresses(Command[None], topic=AUTH, key="ring"):
    """Bring what accounts are found by to the normal form of today, some hundred at a time.

    Attributes:
        after: the account after which to go on; None to begin.
    """

    ring: str
    after: UUID | None = None


class RevokeToken(Command[None], topic=AUTH, key="token_id"):
    """Take back one access token."""

    token_id: str
    expires_at: Instant
