"""Who comes in: tokens, scopes and rate limits."""

from collections.abc import Sequence
from datetime import datetime

from nexus_actors.http.limits import RateLimit, RateLimiter, address_key
from nexus_actors.http.problem import HttpProblem, retry_after
from nexus_actors.http.route import Route
from nexus_actors.http.tokens import TokenVerifier, Unauthorised, bearer_token, challenge
from nexus_actors.principal import Principal


class Admission:
    """Decides for one service whether a request may reach its route.

    Limits by address are counted before the token is looked at, so that guessing tokens is limited too; limits by
    principal after it.

    Args:
        service: name of the service: the audience of its tokens, and the realm of its challenges.
        tokens: verifies bearer tokens.
        limiter: counts requests.
        default_limit: the limit of routes that declare none.
    """

    def __init__(self, service: str, tokens: TokenVerifier, limiter: RateLimiter, default_limit: RateLimit | None) -> None:
        self._service = service
        self._tokens = tokens
        self._limiter = limiter
        self._default_limit = default_limit

    async def admit(self, route: Route, authorization: Sequence[str], remote_ip: str, now: datetime) -> Principal | None:
        """Who asks, when they may; None on a public route.

        Args:
            route: what is asked.
            authorization: the values of the request's Authorization headers.
            remote_ip: the address that asks.
            now: the instant of the request.

        Raises:
            HttpProblem: 401 without a valid token, 403 without the scope, 429 beyond the limit.
        """
        limit = route.options.rate_limit or self._default_limit
        by_address = limit is not None and (limit.by == "address" or route.options.scope is None)
        if limit is not None and by_address:
            await self._count(route, limit, f"address {address_key(remote_ip)}", now)
        if route.options.scope is None:
            return None
        principal = self.authenticate(authorization)
        self.authorise(principal, route.options.scope)
        if limit is not None and not by_address:
            await self._count(route, limit, f"principal {principal.tenant} {principal.subject}", now)
        return principal

    def authenticate(self, authorization: Sequence[str]) -> Principal:
        """Whose token it is.

        Raises:
            HttpProblem: 401, there is none, or none that is valid here.
        """
        try:
            token = bearer_token(authorization)
            return self._tokens.verify(token, self._service)
        except Unauthorised as error:
            header = (
                challenge(self._service, "invalid_token", error.detail)
                if authorization
                else challenge(self._service)  # RFC 6750, section 3.1: no error code where no token was sent
            )
            raise HttpProblem(401, error.code, error.detail, headers={"WWW-Authenticate": header}) from error

    def authorise(self, principal: Principal, scope: str) -> None:
        """Let a principal pass who has a scope.

        Raises:
            HttpProblem: 403, it has not.
        """
        if principal.may(scope):
            return
        detail = f"The token lacks the scope {scope}. Ask an administrator for a role that has it."
        header = challenge(self._service, "insufficient_scope", detail, scope)
        raise HttpProblem(403, "missing_scope", detail, headers={"WWW-Authenticate": header})

    async def _count(self, route: Route, limit: RateLimit, who: str, now: datetime) -> None:
        key = f"{self._service} {limit.group or route.label} {who}"
        wait_s = await self._limiter.take(key, limit, now)
        if wait_s > 0:
            detail = "These requests come too often. Wait as long as Retry-After says."
            raise HttpProblem(429, "rate_limited", detail, headers=retry_after(wait_s))
