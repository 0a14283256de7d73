"""Accounts and their sessions, as their actor decides on them: what has to do with neither passwords nor tokens."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from bus import new_id
from modules.infrastructure.auth.actors.account import AccountActor
from modules.infrastructure.auth.actors.account_state import AccountState
from modules.infrastructure.auth.contract import (
    EraseUser,
    OpenSession,
    RecordFailedLogin,
    RefreshSession,
    RegisterAccount,
    SessionClosed,
    SessionGrant,
    UserErased,
)
from modules.infrastructure.auth.domain.access import MAX_ROLES
from modules.infrastructure.auth.domain.sessions import MAX_SESSIONS
from modules.infrastructure.auth.service import service
from modules.infrastructure.auth.tables import USERS
from nexus_actors.identity import PLATFORM
from nexus_actors.testing import Desk
from nexus_actors.testing.fixtures import desk_fixture

pytestmark = pytest.mark.anyio

desk = desk_fixture(service)


def ana(desk: Desk, display_name: str) -> RegisterAccount:
    return RegisterAccount(
        user_id=new_id(),
        tenant=desk.tenant,
        email="ana@example.org",
        address="ana@example.org",
        display_name=display_name,
        roles=("member",),
        sealed_password=b"x",
        place="",
    )


@pytest.fixture
async def user_id(desk: Desk) -> UUID:
    """Somebody with an account."""
    return (await desk.ask(ana(desk, " Ana  Horvat "))).user_id


async def opened(desk: Desk, user_id: UUID) -> SessionGrant:
    return await desk.ask(OpenSession(user_id=user_id, password_version=1, place="", device="", wanted_scopes=None))


async def test_a_display_name_is_kept_in_its_normal_form_or_refused(desk: Desk, user_id: UUID) -> None:
    assert (await USERS.found(desk, user_id)).display_name == "Ana Horvat"
    for name in (" \n", "Ana\u202e", "A" * 101):
        refusal = await desk.refusal_of(ana(desk, name))
        assert (refusal.code, [error.field for error in refusal.errors]) == ("invalid_account", ["$.display_name"])


async def test_an_account_has_so_many_roles(desk: Desk) -> None:
    roles = tuple(f"role-{number}" for number in range(MAX_ROLES + 1))
    refusal = await desk.refusal_of(replace(ana(desk, "Ana"), roles=roles))
    assert (refusal.code, [error.field for error in refusal.errors]) == ("invalid_account", ["$.roles"])
    assert (await desk.ask(replace(ana(desk, "Ana"), roles=roles[1:]))).created


async def test_the_least_used_session_makes_room_for_the_twenty_first(desk: Desk, user_id: UUID) -> None:
    grants = []
    for _ in range(MAX_SESSIONS + 1):
        grants.append(await opened(desk, user_id))
        await desk.advance(60)
    closed = [event for event in desk.take() if isinstance(event, SessionClosed)]
    assert [(event.reason, event.session_id) for event in closed] == [("evicted", grants[0].session_id)]
    steps = [
        (await desk.ask(RefreshSession(user_id=user_id, session_id=grant.session_id, counter=0))).step for grant in grants[:2]
    ]
    assert steps == [None, "renewed"]


async def test_nothing_of_a_person_is_left_in_state_rows_or_later_events(desk: Desk, user_id: UUID) -> None:
    grant = await opened(desk, user_id)
    await desk.ask(RecordFailedLogin(user_id=user_id, place="192.0.2.0/24"))
    desk.take()
    await desk.ask(EraseUser(user_id=user_id), scopes=["*"])
    told = [event for event in desk.take() if isinstance(event, UserErased | SessionClosed)]
    assert [type(event) for event in told] == [SessionClosed, UserErased]
    assert "Ana" not in repr(told)
    assert "ana@" not in repr(told)
    assert await desk.state(AccountActor, str(user_id), tenant=PLATFORM) == AccountState(erased=True)
    assert await desk.db.fetchval("SELECT count(*) FROM sessions WHERE user_id = $1", user_id) == 0
    renewal = await desk.ask(RefreshSession(user_id=user_id, session_id=grant.session_id, counter=0))
    assert renewal.step is None
    again = replace(ana(desk, "Ana"), user_id=user_id)
    assert (await desk.refusal_of(again)).code == "user_exists"
