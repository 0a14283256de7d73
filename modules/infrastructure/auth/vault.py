"""Encryption of what auth-ms must store and nobody else may read."""

import os
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Entropy = Callable[[int], bytes]
"""Gives so many random bytes, fit for keys."""

_NONCE = 12
_VERSION = b"\x01"


class BrokenSeal(Exception):
    """Raised when a sealed value was made under another key or for another purpose, or has been changed."""


class Vault:
    """Seals values with AES-256-GCM (NIST SP 800-38D) under keys derived from a key-encryption key (HKDF, RFC 5869).

    Args:
        secrets: key-encryption keys. The first one seals; all of them open, so that an old one may be kept until what it has
            sealed is gone.
        entropy: source of nonces.
    """

    def __init__(self, secrets: Sequence[str], entropy: Entropy = os.urandom) -> None:
        if not secrets:
            raise ValueError("A vault needs a key-encryption key. Give NEXUS_AUTH_KEK.")
        self._entropy = entropy
        self._ciphers = [AESGCM(_derive(secret, b"nexus auth seal v1")) for secret in secrets]
        self.refresh_keys = tuple(_derive(secret, b"nexus auth refresh v1") for secret in secrets)
        self.decoy_key = _derive(secrets[0], b"nexus auth decoy v1")

    def seal(self, value: bytes, purpose: str) -> bytes:
        """Encrypt a value so that it opens for the same purpose only, such as ``password:<user id>``."""
        nonce = self._entropy(_NONCE)
        return _VERSION + nonce + self._ciphers[0].encrypt(nonce, value, purpose.encode())

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt what `seal` has made.

        Raises:
            BrokenSeal: the key, the purpose or the value is another one.
        """
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        if sealed[:1] == _VERSION and len(nonce) == _NONCE:
            for cipher in self._ciphers:
                try:
                    return cipher.decrypt(nonce, body, purpose.encode())
                except InvalidTag:
                    continue
        what = purpose.partition(":")[0]
        raise BrokenSeal(f"The sealed {what} cannot be opened. Is NEXUS_AUTH_KEK the one that it was sealed with?")


def _derive(secret: str, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret.encode())
