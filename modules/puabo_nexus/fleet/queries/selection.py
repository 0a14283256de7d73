"""Lists read page by page."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import astuple

from nexus_actors.database import Reader, Row


class Selection:
    """Some columns of a table, of one tenant, in a stable order.

    Args:
        table: what is listed.
        columns: which columns, as SQL.
        order: the columns that the list is ordered by; together they are unique.
        newest_first: whether the order is turned round.
    """

    def __init__(self, table: str, columns: str, order: tuple[str, ...], *, newest_first: bool = False) -> None:
        self._table = table
        self._columns = columns
        self._order = order
        self._beyond, self._direction = ("<", "DESC") if newest_first else (">", "ASC")

    async def read(
        self,
        db: Reader,
        where: Mapping[str, object | None],
        *,
        after: Struct | None,
        limit: int,
    ) -> Sequence[Row]:
        """Up to ``limit`` rows beyond the one whose order columns are the fields of ``after``.

        Args:
            where: values that columns must have; a value of None lets every row through.
        """
        wanted = [(column, value) for column, value in where.items() if value is not None]
        conditions = [f"{column} = ${number}" for number, (column, _) in enumerate(wanted, start=1)]
        args = [value for _, value in wanted]
        if after is not None:
            places = ", ".join(f"${len(args) + number}" for number in range(1, len(self._order) + 1))
            conditions.append(f"({', '.join(self._order)}) {self._beyond} ({places})")
            args.extend(astuple(after))
        order = ", ".join(f"{column} {self._direction}" for column in self._order)
        return await db.fetch(
            f"SELECT {self._columns} FROM {self._table} WHERE {' AND '.join(conditions)} "  # noqa: S608 - no value is in it
            f"ORDER BY {order} LIMIT ${len(args) + 1}",
            *args,
            limit,
        )
