"""Tokens for tests that are not about tokens."""

from nexus_actors.http.tokens import Unauthorised
from nexus_actors.principal import Principal


class KnownTokens:
    """A `TokenVerifier` that knows the tokens which it has given out."""

    def __init__(self) -> None:
        self._principals: dict[str, Principal] = {}

    def issue(self, *scopes: str, tenant: str = "main", subject: str = "tester") -> str:
        """A token for these scopes."""
        token = f"token-{len(self._principals)}"
        self._principals[token] = Principal(subject=subject, tenant=tenant, scopes=frozenset(scopes))
        return token

    def verify(self, token: str, audience: str) -> Principal:
        """See `TokenVerifier.verify`."""
        try:
            return self._principals[token]
        except KeyError:
            raise Unauthorised("token_invalid", f"{audience} does not know this token.") from None
