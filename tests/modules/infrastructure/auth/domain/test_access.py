import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import Refusal
from modules.infrastructure.auth.domain.access import (
    BUILT_IN_ROLES,
    check_grant,
    check_role_name,
    check_scopes,
    covers,
    covers_all,
    narrowed,
    scopes_of,
)
from nexus_actors import Principal

SCOPES = st.sampled_from(
    ["*", "fleet:*", "fleet:read", "fleet:write", "auth:*", "auth:keys:*", "auth:keys:read", "account:self"]
)
SETS = st.frozensets(SCOPES, max_size=5)


@pytest.mark.parametrize(
    ("held", "wanted", "covered"),
    [
        ({"*"}, "anything:at:all", True),
        ({"*"}, "fleet:*", True),
        ({"fleet:*"}, "fleet:read", True),
        ({"auth:*"}, "auth:keys:write", True),
        ({"auth:keys:*"}, "auth:read", False),
        ({"fleet:read"}, "fleet:*", False),
        ({"fleet:*"}, "*", False),
        ({"fleet:*"}, "fleetly:read", False),
        ({"fleet:read"}, "fleet:read", True),
        (set(), "fleet:read", False),
    ],
)
def test_scopes_cover_what_they_include(held: set[str], wanted: str, *, covered: bool) -> None:
    assert covers(held, wanted) is covered


@given(SETS, SCOPES)
def test_principals_see_it_the_same_way(held: frozenset[str], wanted: str) -> None:
    assert Principal(subject="a", tenant="main", scopes=held).may(wanted) == covers(held, wanted)


@given(SETS, SETS)
def test_a_token_never_exceeds_what_is_allowed_nor_what_was_asked(allowed: frozenset[str], wanted: frozenset[str]) -> None:
    given_scopes = narrowed(allowed, wanted)
    assert covers_all(allowed, given_scopes)
    assert covers_all(wanted, given_scopes)


@given(SETS)
def test_without_a_wish_all_that_is_allowed_is_given(allowed: frozenset[str]) -> None:
    assert narrowed(allowed, None) == allowed


@pytest.mark.parametrize("scope", ["fleet:read", "fleet:*", "*", "auth:keys:write", "a:b", "world-engine:x_y"])
def test_well_written_scopes_pass(scope: str) -> None:
    assert check_scopes([scope]) == {scope}


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "fleet",
        "Fleet:read",
        "fleet:",
        ":read",
        "fleet:read write",
        "fleet:**",
        "*:read",
        "fleet:*:x",
        "a:" + "b" * 90,
        "fleet:read\n",
    ],
)
def test_others_are_refused(scope: str) -> None:
    with pytest.raises(Refusal, match="invalid_scope"):
        check_scopes([scope])


def test_there_is_a_limit_to_scopes() -> None:
    with pytest.raises(Refusal, match="too_many_scopes"):
        check_scopes([f"a:b{number}" for number in range(65)])


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("admin", "role_built_in"),
        ("", "invalid_role_name"),
        ("A", "invalid_role_name"),
        ("a b", "invalid_role_name"),
        ("r" * 41, "invalid_role_name"),
    ],
)
def test_role_names_are_checked(name: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        check_role_name(name)


def test_a_tenant_cannot_redefine_a_built_in_role() -> None:
    assert scopes_of(["member"], {"member": frozenset({"*"})}) == BUILT_IN_ROLES["member"]


def test_an_unknown_role_allows_nothing() -> None:
    assert scopes_of(["member", "ghost"], {}) == BUILT_IN_ROLES["member"]


@given(SETS, SETS)
def test_nobody_hands_on_what_they_do_not_have(own: frozenset[str], given_scopes: frozenset[str]) -> None:
    if covers_all(own, given_scopes):
        check_grant(own, given_scopes)
    else:
        with pytest.raises(Refusal, match="grant_exceeds_own"):
            check_grant(own, given_scopes)


def test_built_in_scopes_are_well_written() -> None:
    for scopes in BUILT_IN_ROLES.values():
        check_scopes(scopes)
