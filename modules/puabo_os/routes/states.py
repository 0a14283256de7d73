"""States of actors: what an operator mends when a service cannot read what it has written.

They are those of every tenant, as dead letters are, and so a matter of the platform.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from bus.envelope import LONGEST_TENANT
from modules.puabo_os.contract import OPERATE, READ
from modules.puabo_os.routes.operator import operators_desk
from nexus_actors.http import Request, Routes
from nexus_actors.identity import DEFAULT_TENANT
from nexus_actors.operations.states import StateContent, StateName, States

routes = Routes(tag="states")

_Name = Annotated[str, Meta(min_length=1, max_length=100)]
_Key = Annotated[str, Meta(min_length=1, max_length=1_000)]
_Tenant = Annotated[str, Meta(min_length=1, max_length=LONGEST_TENANT)]


class StatePlace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose state: of a service, the name of an actor's class there, and which of its actors.

    Attributes:
        tenant: of no account where the actor is one of the platform itself.
    """

    service: _Name
    actor: _Name
    key: _Key
    tenant: _Tenant = DEFAULT_TENANT


class Replacement(StatePlace, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A state to put in the place of whatever there is: a whole one. What is left out takes its default."""

    state: dict[str, Any]


class StateChanged(Struct, frozen=True, kw_only=True):
    """A state was replaced or dropped. ``next`` says what lets messages go on that were parked because of it."""

    service: str
    actor: str
    key: str
    tenant: str
    next: str


@routes.get("/v1/states", scope=READ)
async def show_state(request: Request, query: StatePlace) -> StateContent:
    """Show the state of one actor, and why its service cannot read it where that is so.

    Secrets, by name or by looks, e-mail addresses, telephone and licence numbers are masked; long texts and lists are cut.
    """
    return await _states(request).show(_name(query), principal=request.principal)


@routes.post("/v1/states:replace", scope=OPERATE)
async def replace_state(request: Request, body: Replacement) -> StateChanged:
    """Replace the state of one actor.

    The service checks it as it would read it: what it could not read is refused, with the reasons, and nothing is changed.
    """
    text = msgspec.json.encode(body.state).decode()
    trace = request.trace.header()
    who = request.principal
    await _states(request).replace(_name(body), text, principal=who, message_id=request.new_id(), traceparent=trace)
    return _changed(body)


@routes.post("/v1/states:drop", scope=OPERATE)
async def drop_state(request: Request, body: StatePlace) -> StateChanged:
    """Drop the state of one actor for good: it begins anew."""
    trace = request.trace.header()
    who = request.principal
    await _states(request).drop(_name(body), principal=who, message_id=request.new_id(), traceparent=trace)
    return _changed(body)


def _name(place: StatePlace) -> StateName:
    return StateName(service=place.service, actor=place.actor, key=place.key, tenant=place.tenant)


def _changed(place: StatePlace) -> StateChanged:
    advice = "If messages of this key are parked, let them go on: POST /v1/dead-letters:redrive."
    return StateChanged(service=place.service, actor=place.actor, key=place.key, tenant=place.tenant, next=advice)


def _states(request: Request) -> States:
    return operators_desk(request, "States").environment.states
