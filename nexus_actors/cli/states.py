"""`nexus states`: what actors remember, where somebody has to look at it or to mend it."""

import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import click
import msgspec

from nexus_actors.cli.platform.checkout import environment, home_of
from nexus_actors.cli.platform.located import Located, locate
from nexus_actors.cli.platform.office import open_office
from nexus_actors.cli.terminal.failures import told
from nexus_actors.cli.terminal.screen import agreed, say, say_json
from nexus_actors.identity import DEFAULT_TENANT
from nexus_actors.local.credentials import load_credentials
from nexus_actors.operations.states import StateContent, StateName, States
from nexus_actors.principal import Principal

T = TypeVar("T")


_tenant = click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Whose actor it is.")


@click.group
def command() -> None:
    """Look at the state of an actor, and replace or drop it.

    A message that meets a state which its service cannot read is parked at once, and all that comes for its key waits behind
    it. Mend the state here, then redrive the key.
    ACTOR is the name of the actor's class, KEY says which one of its tenant it is.
    """


@command.command(short_help="Show a state, and why its service cannot read it.")
@click.option("--raw", is_flag=True, help="All of it as it is kept, with the secrets and the data of people in it.")
@_tenant
@click.argument("service")
@click.argument("actor")
@click.argument("key")
def show(service: str, actor: str, key: str, tenant: str, raw: bool) -> None:
    """Show a state as JSON, and why its service cannot read it where that is so.

    ACTOR is the name of the actor's class, KEY says which one it is, as in: fleet-service VehicleActor <vehicle_id>.

    Secrets, by name or by looks, e-mail addresses, telephone and licence numbers are masked; long texts and lists are cut.
    """
    name = StateName(service=service, actor=actor, key=key, tenant=tenant)
    content = _with_states(lambda states, who: states.show(name, raw=raw, principal=who))
    say_json(described(content))
    if content.problem:
        say(content.problem, "red", err=True)


@command.command(short_help="Put a state in the place of whatever there is.")
@_tenant
@click.argument("service")
@click.argument("actor")
@click.argument("key")
@click.argument("state", metavar="JSON")
def replace(service: str, actor: str, key: str, tenant: str, state: str) -> None:
    """Put a state in the place of whatever there is; - reads it from standard input.

    It is a whole state, not a part of one: what is left out takes its default. What the service could not read is refused.
    """
    text = sys.stdin.read() if state == "-" else state
    name = StateName(service=service, actor=actor, key=key, tenant=tenant)
    _with_states(lambda states, who: states.replace(name, text, principal=who))
    say(f"Replaced. {_advice(name)}")


@command.command
@click.option("--yes", is_flag=True, help="Do not ask.")
@_tenant
@click.argument("service")
@click.argument("actor")
@click.argument("key")
def drop(service: str, actor: str, key: str, tenant: str, yes: bool) -> None:
    """Forget a state for good: the actor begins anew."""
    if not yes:
        agreed(f"Drop the state of {actor} {key} of {service} for good?")
    name = StateName(service=service, actor=actor, key=key, tenant=tenant)
    _with_states(lambda states, who: states.drop(name, principal=who))
    say(f"Dropped. {_advice(name)}")


def described(content: StateContent) -> str:
    """A state as text."""
    if content.text is not None:
        return content.text
    return msgspec.json.format(msgspec.json.encode(content.state)).decode()


def _advice(name: StateName) -> str:
    return f"If messages of this key are parked: nexus dead-letters redrive {name.service} {name.key}"


def _with_states(work: Callable[[States, Principal], Awaitable[T]]) -> T:
    environ = environment()
    with told():
        account = load_credentials(home_of(environ).credentials)
        subject = account.client_id if account is not None else "operator"
        who = Principal(subject=subject, tenant=DEFAULT_TENANT, scopes=frozenset({"*"}), kind="service")
        return anyio.run(_run, locate(environ), who, work)


async def _run(located: Located, who: Principal, work: Callable[[States, Principal], Awaitable[T]]) -> T:
    async with open_office(located, "states") as (database, asker):
        return await work(States(database, asker), who)
