"""Entering commands by their type."""

import msgspec

from bus import Refusal
from modules.puabo_os.commands import CommandEntry
from modules.puabo_os.contract import READ
from modules.puabo_os.desk import Desk
from nexus_actors.http import Page, Raw, Request, Routes

ENTER = "os:enter"

routes = Routes(tag="commands")


@routes.get("/v1/commands", scope=READ)
async def list_commands(request: Request) -> Page[CommandEntry]:
    """List the commands that can be entered, with the scope and the JSON Schema of each."""
    desk: Desk = request.deps
    return Page(items=desk.commands.entries(), next=None)


@routes.post("/v1/commands/{type}", scope=ENTER, accepts=("application/json",))
async def enter_command(request: Request, type: str, body: bytes) -> Raw:  # noqa: A002 - the parameter's name in the path
    """Enter a command by its type and await its answer.

    The caller needs the scope of the command itself besides that of this route. The answer is the command's own.
    """
    desk: Desk = request.deps
    kind = desk.commands.find(type)
    if kind.scope is None or not request.principal.may(kind.scope):
        raise Refusal.forbidden("missing_scope", f"This command needs the scope {kind.scope}. Ask an administrator for it.")
    answer = await request.ask(desk.commands.read(type, body))
    return Raw(body=msgspec.json.encode(answer), content_type="application/json")
