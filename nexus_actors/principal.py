"""Who a request or a message acts for."""

from typing import Literal

from msgspec import Struct

PrincipalKind = Literal["user", "service"]


class Principal(Struct, frozen=True, kw_only=True):
    """A caller whom a token names.

    Attributes:
        subject: stable id of the user or service account.
        tenant: the tenant whose things it may see.
        scopes: what it may do, each exact (``fleet:write``), a family (``fleet:*``), or everything (``*``).
        session_id: the login that the token belongs to; None for service accounts.
        kind: a person's token or a service account's.
    """

    subject: str
    tenant: str
    scopes: frozenset[str] = frozenset()
    session_id: str | None = None
    kind: PrincipalKind = "user"

    def may(self, scope: str) -> bool:
        """Whether its scopes cover ``scope``: by name, by a family ``prefix:*`` of it at any depth, or by ``*``."""
        if scope in self.scopes or "*" in self.scopes:
            return True
        parts = scope.split(":")
        return any(":".join(parts[:depth]) + ":*" in self.scopes for depth in range(1, len(parts)))
