"""Roles and scopes: what a caller may do, and what may be handed on."""

import re
from collections.abc import Iterable, Mapping

from bus import FieldError, Refusal

SELF = "account:self"
"""What every user may do: see and change the own account."""

BUILT_IN_ROLES: Mapping[str, frozenset[str]] = {
    "admin": frozenset({"*"}),
    "dispatcher": frozenset({SELF, "fleet:*", "tracker:*", "location:*"}),
    "driver": frozenset({SELF, "tracker:write", "fleet:read"}),
    "viewer": frozenset({SELF, "fleet:read", "fleet:read:any", "tracker:read", "location:read"}),
    "member": frozenset({SELF}),
}
"""Roles that every tenant has. What they allow cannot be changed."""

ADMINISTRATOR = "admin"
NEWCOMER = "member"

_SCOPE = re.compile(r"\*|[a-z][a-z0-9_-]*(?::[a-z][a-z0-9_-]*)*:(?:\*|[a-z][a-z0-9_-]*)")
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_MAX_SCOPE_CHARS = 80
MAX_SCOPES = 64
MAX_ROLES = 16


def covers(held: Iterable[str], wanted: str) -> bool:
    """Whether scopes that are held include a scope or family: ``*``, ``fleet:*`` and ``fleet:read`` all cover the last."""
    held = set(held)
    if wanted in held or "*" in held:
        return True
    parts = wanted.split(":")
    return any(":".join(parts[:depth]) + ":*" in held for depth in range(1, len(parts)))


def covers_all(held: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether every wanted scope is covered."""
    held = frozenset(held)
    return all(covers(held, scope) for scope in wanted)


def narrowed(allowed: Iterable[str], requested: Iterable[str] | None) -> frozenset[str]:
    """The scopes of a token: what was requested, as far as it is allowed; all that is allowed where nothing was requested.

    Of a requested family of which only members are allowed, the members are given.
    """
    allowed = frozenset(allowed)
    if requested is None:
        return allowed
    wanted = frozenset(requested)
    return frozenset(
        {scope for scope in wanted if covers(allowed, scope)} | {scope for scope in allowed if covers(wanted, scope)}
    )


def check_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The scopes as a set.

    Raises:
        Refusal: invalid, one is not written like ``fleet:read``, ``fleet:*`` or ``*``, or there are too many.
    """
    checked = frozenset(scopes)
    for scope in sorted(checked):
        if len(scope) > _MAX_SCOPE_CHARS or not _SCOPE.fullmatch(scope):
            field = FieldError("$.scopes", f"{scope[:_MAX_SCOPE_CHARS]!r} is no scope. Write it like fleet:read or fleet:*.")
            raise Refusal.invalid("invalid_scope", "A scope is not well written. Correct it.", field)
    if len(checked) > MAX_SCOPES:
        raise Refusal.invalid("too_many_scopes", f"There are {len(checked)} scopes; at most {MAX_SCOPES} are allowed.")
    return checked


def check_role_name(name: str) -> str:
    """The name of a role that a tenant defines.

    Raises:
        Refusal: invalid, it is not well written, or conflict, it is that of a built-in role.
    """
    if not _ROLE.fullmatch(name):
        field = FieldError("$.name", "Give a lower-case letter, then up to 39 of a-z, 0-9, _ and -.")
        raise Refusal.invalid("invalid_role_name", "The role's name is not well written. Correct it.", field)
    if name in BUILT_IN_ROLES:
        raise Refusal.conflict("role_built_in", f"{name} is a built-in role and stays as it is. Choose another name.")
    return name


def scopes_of(roles: Iterable[str], defined: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """What roles allow together.

    Args:
        roles: names of roles.
        defined: the roles that the tenant has defined itself. A role that is not there allows nothing.
    """
    empty: frozenset[str] = frozenset()
    return empty.union(*(BUILT_IN_ROLES.get(role) or defined.get(role, empty) for role in roles))


def check_grant(granter: Iterable[str], scopes: Iterable[str]) -> None:
    """Let somebody hand scopes on, or refuse it: nobody hands on what they do not have.

    Raises:
        Refusal: forbidden, the granter lacks one of them.
    """
    granter = frozenset(granter)
    missing = sorted(scope for scope in scopes if not covers(granter, scope))
    if missing:
        raise Refusal.forbidden("grant_exceeds_own", f"You cannot hand on what you do not have: {', '.join(missing)}.")
