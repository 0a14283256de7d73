"""The way to Redis where one server holds everything: one that stands alone, or the master that sentinels name."""

from collections.abc import Mapping, Sequence
from typing import cast

from redis.exceptions import ResponseError

from bus.position import Position
from bus.redis.link import Command, Unanswered, Unreached, Word, xread
from bus.redis.refused import refused
from bus.redis.server import Server


class SingleLink:
    """See `bus.redis.link.Link`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def ask(self, commands: Sequence[Command]) -> list[object]:
        """See `Link.ask`."""
        history = commands[0].history if commands else ""
        return await self._server.exchange([command.words for command in commands], history)

    async def read(self, after: Mapping[str, Position], count: int, block_s: float) -> list[list[object]]:
        """See `Link.read`."""
        try:
            reply = await self._server.wait(xread(list(after.items()), count, block_s))
        except ResponseError as error:
            raise refused(error, "Redis refused to read") from error
        except (Unreached, Unanswered) as error:
            raise refused(error, "Redis cannot be reached") from error
        return cast("list[list[object]]", reply or [])

    async def each(self, commands: Sequence[tuple[Word, ...]]) -> list[list[object]]:
        """See `Link.each`."""
        return [await self._server.exchange(commands)]

    async def history(self) -> str:
        """See `Link.history`."""
        try:
            return (await self._server.state()).history
        except ResponseError as error:
            raise refused(error, "Redis does not say which history it is in") from error
        except (Unreached, Unanswered) as error:
            raise refused(error, "Redis cannot be reached") from error
