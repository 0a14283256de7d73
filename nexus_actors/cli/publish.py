"""`nexus publish`: ask a command of the running platform."""

import sys
from typing import Any
from uuid import UUID

import anyio
import click
import msgspec

from bus import Command, Refusal
from nexus_actors.asking import Reply
from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.platform.located import Located, locate
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.screen import say, say_json
from nexus_actors.http import JsonDecoder
from nexus_actors.http.problem import HttpProblem
from nexus_actors.identity import DEFAULT_TENANT
from nexus_actors.local.bus_client import open_bus
from nexus_actors.local.credentials import load_credentials
from nexus_actors.platform.contracts import find_message, strict
from nexus_actors.platform.loading import load_catalogue
from nexus_actors.principal import Principal


@click.command
@click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="On behalf of which tenant.")
@click.option("--id", "message_id", type=click.UUID, help="The command's id: the same id gets the first answer again.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(0.1, 3_600), default=10.0, show_default=True, help="Seconds.")
@click.argument("type_", metavar="TYPE")
@click.argument("data", metavar="JSON")
def command(type_: str, data: str, tenant: str, message_id: UUID | None, timeout_s: float) -> None:
    """Ask a command and print its answer as JSON.

    TYPE is the wire type (nexus.fleet-service.register_vehicle.v1), the same without nexus. or the version, or the class
    name (RegisterVehicle). JSON is the command's data; - reads it from standard input. The command goes over the bus to the
    service that owns it, on behalf of the operator of this machine. Exits with 1 when it is refused or not answered.
    """
    body = sys.stdin.buffer.read() if data == "-" else data.encode()
    environ = environment()
    with told():
        asked = read_command(type_, body)
        account = load_credentials(home_of(environ).credentials)
        subject = account.client_id if account is not None else "operator"
        principal = Principal(subject=subject, tenant=tenant, scopes=frozenset({"*"}), kind="service")
        reply = anyio.run(_ask, locate(environ), asked, principal, message_id, timeout_s)
    if reply.replayed:
        say("This command had been handled before; this is the answer of that time.", err=True)
    if reply.value is not None:
        say_json(msgspec.json.format(msgspec.json.encode(reply.value)))


def read_command(name: str, body: bytes) -> Command[Any]:
    """The command that a name and its data describe.

    Raises:
        NotLoadable: there is no such message.
        Refusal: it is an event, or internal, or the data are not what it takes.
    """
    kind = find_message(load_catalogue(), name)
    if not issubclass(kind, Command):
        detail = f"{kind.wire_type()} is an event: a fact that {kind.topic.service} alone tells. Ask one of its commands."
        raise Refusal.invalid("not_a_command", detail)
    if kind.scope is None:
        detail = f"{kind.wire_type()} is internal to {kind.topic.service} and cannot be asked from outside."
        raise Refusal.forbidden("internal_command", detail)
    try:
        return kind(**msgspec.structs.asdict(JsonDecoder(strict(kind)).decode(body)))
    except HttpProblem as problem:
        raise Refusal.invalid(problem.code, problem.detail, *problem.errors) from problem


async def _ask(
    located: Located, asked: Command[Any], principal: Principal, message_id: UUID | None, timeout_s: float
) -> Reply[Any]:
    async with open_bus(located.redis_url, located.redis_prefix, "nexus-publish") as client:
        return await client.asker.ask(asked, principal=principal, message_id=message_id, timeout_s=timeout_s)
