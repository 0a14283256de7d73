"""Hashing of passwords, away from the event loop."""

import os
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type
from msgspec import Struct

from bus import Refusal
from modules.infrastructure.auth.domain.password import is_verifiable, prepared
from modules.infrastructure.auth.vault import Entropy

QUEUE = 64
"""How many may wait for a free core; more are told to come again."""

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

_SALT = 16
_BUSY_RETRY_S = 2.0


class Verdict(Struct, frozen=True):
    """How a password compares with a hash.

    Attributes:
        right: it is the one.
        outdated: it is, and its hash is to be made anew: it was made with other parameters than today's, or of a password as it
            was typed, before passwords were prepared.
    """

    right: bool
    outdated: bool = False


_WRONG = Verdict(right=False)


class Passwords:
    """Hashes and compares passwords with argon2id (RFC 9106), at OWASP's minimum: 19 MiB, 2 passes, 1 lane.

    A hash takes tens of milliseconds of one core and 19 MiB, so as many run at once as there are cores, each in a thread
    (argon2 releases the interpreter's lock), and a bounded number waits.

    Args:
        cores: how many hashes run at once.
        queue: how many may wait.
        entropy: source of salts.
        memory_kib: memory of one hash in KiB.
        passes: how often it goes over its memory.
    """

    def __init__(
        self,
        cores: int,
        queue: int = QUEUE,
        entropy: Entropy = os.urandom,
        memory_kib: int = 19_456,
        passes: int = 2,
    ) -> None:
        self._argon2 = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._limiter = CapacityLimiter(cores)
        self._places = cores + queue
        self._busy = 0
        self._entropy = entropy
        self._decoy = self._argon2.hash(entropy(_SALT), salt=entropy(_SALT))

    async def hash(self, password: str) -> bytes:
        """The hash of a password's prepared form, in PHC form.

        Raises:
            Refusal: unavailable, too many are waiting.
        """
        return await self._run(self._hash, prepared(password))

    async def verify(self, password: str, phc: bytes | None) -> Verdict:
        """Whether a password has this hash, in its prepared form or else as it was typed. Without a hash it takes as long.

        Raises:
            Refusal: unavailable, too many are waiting.
        """
        if not is_verifiable(password):
            return _WRONG
        form, known = prepared(password), self._decoy if phc is None else phc.decode()
        if await self._run(self._verify, form, known):
            return Verdict(phc is not None, self._argon2.check_needs_rehash(known))
        if form != password and await self._run(self._verify, password, known):
            return Verdict(phc is not None, outdated=True)
        return _WRONG

    async def _run(self, work: Callable[[Unpack[Arguments]], Result], *args: *Arguments) -> Result:
        if self._busy >= self._places:
            raise Refusal.unavailable("logins_busy", "Too many people are logging in. Try again shortly.", _BUSY_RETRY_S)
        self._busy += 1
        try:
            return await to_thread.run_sync(work, *args, limiter=self._limiter)
        finally:
            self._busy -= 1

    def _hash(self, password: str) -> bytes:
        return self._argon2.hash(password, salt=self._entropy(_SALT)).encode()

    def _verify(self, password: str, phc: str) -> bool:
        try:
            return self._argon2.verify(phc, password)
        except (VerificationError, InvalidHashError):
            return False
