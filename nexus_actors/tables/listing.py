"""Rows that are values, in an order."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import astuple, fields

from bus import ContractError
from nexus_actors.database import Reader, Row

T = TypeVar("T", bound=Struct)


class Here(Protocol):
    """Where rows are read: the turn of a handler, or a request."""

    @property
    def db(self) -> Reader:
        """What reads."""
        ...

    @property
    def tenant(self) -> str:
        """Whose rows there are."""
        ...


class Listing(Generic[T]):
    """Rows of a tenant that are values of one type, read in an order. A `Table` is one whose rows are found by a key.

    Args:
        kind: the value. Its fields are columns of the same names, and those of a Struct in it columns of both names, such as
            ``pickup_lat``. A tuple of texts is a column ``text[]``.
        name: the table.
        order: the fields that lists are ordered by; together they are unique.
        newest_first: whether that order is turned round.
        within: a column that the value does not show and each list has one value of, where rows are parts of something: the
            order is unique within that.
        json: fields whose columns are ``json`` or ``jsonb``, such as Structs of several kinds.
        computed: fields that are no columns, and the SQL that gives them.

    Attributes:
        types: the columns that hold a value, with their types.
        json: what reads those that are JSON.
        columns: all that makes a value, as SQL.
        cursor_type: the fields that lists are ordered by.
    """

    def __init__(
        self,
        kind: type[T],
        name: str,
        *,
        order: tuple[str, ...],
        newest_first: bool = False,
        within: str | None = None,
        json: tuple[str, ...] = (),
        computed: Mapping[str, str] | None = None,
    ) -> None:
        self.kind, self.name, self.order, self.within = kind, name, order, within
        computed = computed or {}
        given = {field.name: field.type for field in fields(kind) if field.name not in computed}
        structs = {name: part for name, part in given.items() if isinstance(part, type) and issubclass(part, Struct)}
        self._kinds = {name: part for name, part in structs.items() if name not in json}
        self._parts = {name: fields(part) for name, part in self._kinds.items()}
        self.types: dict[str, Any] = {name: hint for name, hint in given.items() if name not in self._parts}
        self.types |= {f"{name}_{inner.name}": inner.type for name, part in self._parts.items() for inner in part}
        self._plain = [*(name for name in given if name in self.types), *computed]
        self._check_fields([*order, *json])
        self.json = {name: msgspec.json.Decoder(given[name]) for name in json}
        self.columns = ", ".join([*self.types, *(f"{sql} AS {field}" for field, sql in computed.items())])
        ordered = [(column, self.types[column]) for column in order]
        self.cursor_type: Any = msgspec.defstruct(f"{kind.__name__}Cursor", ordered, frozen=True, array_like=True)
        if len(order) == 1:
            # It goes as it is. Some lists gave it out in an array before, and what they gave is taken.
            self.cursor_type |= self.types[order[0]]
        beyond, direction = ("<", "DESC") if newest_first else (">", "ASC")
        self._beyond = f"({', '.join(order)}) {beyond}"
        self._order = ", ".join(f"{column} {direction}" for column in order)

    def _check_fields(self, names: Sequence[str]) -> None:
        """Raise `ContractError` for a name that is no column of a value."""
        if unknown := set(names) - self.types.keys():
            named = ", ".join(sorted(unknown))
            raise ContractError(f"The table {self.name} names {named}, of which {self.kind.__name__} has no field.")

    def value(self, row: Row) -> T:
        """The value of a row with `columns`, whatever else it has."""
        given: dict[str, Any] = {
            name: tuple(column) if isinstance(column := row[name], list) else column for name in self._plain
        }
        for name, decoder in self.json.items():
            given[name] = None if given[name] is None else decoder.decode(given[name])
        for name, part in self._parts.items():
            given[name] = self._kinds[name](**{field.name: row[f"{name}_{field.name}"] for field in part})
        return self.kind(**given)

    async def select(self, here: Here, condition: str, *args: object) -> Sequence[T]:
        """The values that a condition in SQL holds for, whose first argument is ``$2``."""
        query = f"SELECT {self.columns} FROM {self.name} WHERE tenant = $1 AND ({condition})"  # noqa: S608 - no value is in it
        return [self.value(row) for row in await here.db.fetch(query, here.tenant, *args)]

    async def page(self, here: Here, where: Mapping[str, object | None], *, after: object = None, limit: int) -> Sequence[T]:
        """Up to ``limit`` values in order, beyond the one whose `cursor` is ``after``.

        Args:
            where: values that columns must have, or compare with as an operator says: ``{"status": "active", "started_at
                >=": since, "(ended_at IS NULL) =": True}``. None lets every row through.

        Raises:
            ContractError: it has no value of the column within which the order is unique: pages would repeat rows.
        """
        if self.within is not None and where.get(self.within) is None:
            raise ContractError(f"A list of {self.name} is one of a {self.within}. Say which.")
        wanted = {"tenant": here.tenant, **{name: value for name, value in where.items() if value is not None}}
        conditions = [f"{_compared(name)} ${place}" for place, name in enumerate(wanted, start=1)]
        args = list(wanted.values())
        if after is not None:
            conditions.append(f"{self._beyond} ({', '.join(f'${len(args) + place}' for place, _ in enumerate(self.order, 1))})")
            args.extend(astuple(after) if isinstance(after, Struct) else (after,))
        query = f"SELECT {self.columns} FROM {self.name} WHERE {' AND '.join(conditions)}"  # noqa: S608 - no value is in it
        rows = await here.db.fetch(f"{query} ORDER BY {self._order} LIMIT ${len(args) + 1}", *args, limit)
        return [self.value(row) for row in rows]

    def cursor(self, value: T) -> object:
        """Where a list goes on after a value."""
        ordered = [getattr(value, column) for column in self.order]
        return ordered[0] if len(ordered) == 1 else self.cursor_type(*ordered)


def _compared(name: str) -> str:
    """A column with its operator, which is ``=`` where none is given."""
    column, _, operator = name.partition(" ")
    return f"{column} {operator or '='}"
