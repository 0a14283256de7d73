"""A table, said once: which value its rows are, how one is found, and in which order they are listed.

It writes the SQL that is the same for every table, and no other. What a service asks beyond that is SQL of its own, with
`Table.columns` and `Table.value` where it reads whole rows. Every statement is bound to the tenant of the turn or request.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import astuple, fields, replace

from bus import ContractError, Refusal
from bus.message import snake_case
from nexus_actors.changes import Change
from nexus_actors.database import Reader, Row, Transaction

T = TypeVar("T", bound=Struct)

_ACTIVE: Final = "status = 'active'"
"""What unique indexes of tables with a status are bound to: what is retired passes its plate and its account on."""


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


class Turn(Protocol):
    """Where rows are written: the turn of a handler."""

    @property
    def db(self) -> Transaction:
        """What reads and writes."""
        ...

    @property
    def tenant(self) -> str:
        """Whose rows there are."""
        ...


class Table(Generic[T]):
    """Rows of a tenant that are values of one type.

    Args:
        kind: the value. Its fields are columns of the same names, and those of a Struct in it columns of both names, such as
            ``pickup_lat``; ``version`` counts its changes.
        name: the table.
        key: the field that, with the tenant, is the primary key.
        order: the fields that lists are ordered by; together they are unique.
        newest_first: whether that order is turned round.
        retired: for values whose ``status`` may be ``retired``, after which they change no more: a sentence that says what to
            do then.
        unique: fields that no two active rows share, and what people call each.
        computed: fields that are no columns, and the SQL that gives them.

    Attributes:
        types: the columns that hold a value, with their types.
        columns: all that makes a value, as SQL.
        noun: what a value is, in snake_case: it begins the codes of refusals.
        cursor_type: the fields that lists are ordered by.
    """

    def __init__(
        self,
        kind: type[T],
        name: str,
        *,
        key: str,
        order: tuple[str, ...],
        newest_first: bool = False,
        retired: str | None = None,
        unique: Mapping[str, str] | None = None,
        computed: Mapping[str, str] | None = None,
    ) -> None:
        self.kind, self.name, self.key, self.order = kind, name, key, order
        self.noun = snake_case(kind.__name__)
        self.words = self.noun.replace("_", " ")
        self.retired, self.unique = retired, dict(unique or {})
        computed = computed or {}
        given = {field.name: field.type for field in fields(kind) if field.name not in computed}
        self._kinds = {name: part for name, part in given.items() if isinstance(part, type) and issubclass(part, Struct)}
        self._parts = {name: fields(part) for name, part in self._kinds.items()}
        self.types: dict[str, Any] = {name: hint for name, hint in given.items() if name not in self._parts}
        self.types |= {f"{name}_{inner.name}": inner.type for name, part in self._parts.items() for inner in part}
        if unknown := {key, *order, *self.unique, *(("status",) if retired else ())} - self.types.keys():
            raise ContractError(f"The table {name} names {', '.join(sorted(unknown))}, of which {kind.__name__} has no field.")
        self.columns = ", ".join([*self.types, *(f"{sql} AS {field}" for field, sql in computed.items())])
        ordered = [(column, self.types[column]) for column in order]
        self.cursor_type = msgspec.defstruct(f"{kind.__name__}Cursor", ordered, frozen=True, array_like=True)
        beyond, direction = ("<", "DESC") if newest_first else (">", "ASC")
        self._beyond = f"({', '.join(order)}) {beyond}"
        self._order = ", ".join(f"{column} {direction}" for column in order)
        self._one = f"SELECT {self.columns} FROM {name} WHERE tenant = $1 AND {key} = $2"  # noqa: S608 - names of ours

    def value(self, row: Row) -> T:
        """The value of a row with `columns`."""
        given = dict(row)
        for name, part in self._parts.items():
            inner = {field.name: given.pop(f"{name}_{field.name}") for field in part}
            given[name] = self._kinds[name](**inner)
        return self.kind(**given)

    def row(self, value: T) -> dict[str, Any]:
        """The columns of a value."""
        row = {name: getattr(value, name) for name in self.kind.__struct_fields__ if name in self.types}
        for name, part in self._parts.items():
            row |= {f"{name}_{field.name}": getattr(getattr(value, name), field.name) for field in part}
        return row

    async def get(self, here: Here, key: object) -> T | None:
        """One value, retired or not."""
        row = await here.db.fetchrow(self._one, here.tenant, key)
        return None if row is None else self.value(row)

    async def lock(self, ctx: Turn, key: object) -> T | None:
        """One value, whose row nobody else changes or locks until the turn ends."""
        row = await ctx.db.fetchrow(f"{self._one} FOR NO KEY UPDATE", ctx.tenant, key)
        return None if row is None else self.value(row)

    async def found(self, here: Here, key: object) -> T:
        """One value, retired or not.

        Raises:
            Refusal: not found, with the code ``<noun>_not_found``.
        """
        value = await self.get(here, key)
        if value is None:
            raise Refusal.not_found(f"{self.noun}_not_found", f"There is no {self.words} with this id. Look it up in the list.")
        return value

    async def expect(self, ctx: Turn, change: Change[T]) -> T:
        """The value that a command is to change, as it stands before.

        Raises:
            Refusal: ``<noun>_not_found``; ``version_mismatch``, it has moved on; or ``<noun>_retired``.
        """
        old = await self.found(ctx, getattr(change, change.key_field))
        at, expected = getattr(old, "version", None), change.expected_version
        if expected is not None and expected != at:
            what = f"The {self.words} is at version {at}, not {expected}."
            detail = f"{what} Read it again and repeat the change on what you find."
            raise Refusal.precondition("version_mismatch", detail)
        if self.retired is not None and getattr(old, "status", None) == "retired":
            raise Refusal.conflict(f"{self.noun}_retired", f"The {self.words} is retired. {self.retired}")
        return old

    async def add(self, ctx: Turn, value: T, **hidden: object) -> T:
        """Add a row, in passing (`Transaction.insert`).

        Args:
            hidden: columns that the value does not show.

        Raises:
            Refusal: ``<noun>_exists``, or ``<what>_taken`` by a row that shares what is unique.
        """
        if await self.get(ctx, getattr(value, self.key)) is not None:
            detail = f"A {self.words} is there under this id already. Use a new id."
            raise Refusal.conflict(f"{self.noun}_exists", detail)
        await self._check_free(ctx, value, self.unique)
        ctx.db.insert(self.name, tenant=ctx.tenant, **self.row(value), **hidden)
        return value

    async def keep(self, ctx: Turn, value: T, **hidden: object) -> None:
        """Write a row in place of the one with its key, where there is one: what another service's events say of a thing.

        Args:
            hidden: columns that the value does not show, to write in any case.
        """
        row = self.row(value) | hidden
        places = ", ".join(f"${place}" for place, _ in enumerate(row, start=2))
        changes = ", ".join(f"{column} = excluded.{column}" for column in row if column != self.key)
        await ctx.db.execute(
            f"INSERT INTO {self.name} (tenant, {', '.join(row)}) VALUES ($1, {places}) "  # noqa: S608 - no value is in it
            f"ON CONFLICT (tenant, {self.key}) DO UPDATE SET {changes}",
            *(ctx.tenant, *row.values()),
        )

    async def change(self, ctx: Turn, old: T, new: T, **hidden: object) -> T:
        """Write what differs and count the version up; what is there then. Nothing is written where nothing differs: ``old``.

        Args:
            hidden: columns that the value does not show, to write in any case.

        Raises:
            Refusal: ``<what>_taken`` by a row that shares what is unique.
        """
        before = self.row(old)
        changed = {name: value for name, value in self.row(new).items() if value != before[name]} | hidden
        if not changed:
            return old
        await self._check_free(ctx, new, changed)
        # Should another worker take it right now, the unique index fails this turn, and its repeat is refused above.
        places = ", ".join(f"{column} = ${place}" for place, column in enumerate(changed, start=4))
        version: int = getattr(old, "version")  # noqa: B009 - a field of every value that changes
        tag = await ctx.db.execute(
            f"UPDATE {self.name} SET {places}, version = version + 1 "  # noqa: S608 - no value is in it
            f"WHERE tenant = $1 AND {self.key} = $2 AND version = $3",
            *(ctx.tenant, getattr(old, self.key), version, *changed.values()),
        )
        if tag != "UPDATE 1":
            raise RuntimeError(f"{self.words} {getattr(old, self.key)} was changed by somebody else meanwhile.")
        return replace(new, version=version + 1)

    async def select(self, here: Here, condition: str, *args: object) -> Sequence[T]:
        """The values that a condition in SQL holds for, whose first argument is ``$2``."""
        query = f"SELECT {self.columns} FROM {self.name} WHERE tenant = $1 AND ({condition})"  # noqa: S608 - no value is in it
        return [self.value(row) for row in await here.db.fetch(query, here.tenant, *args)]

    async def page(
        self, here: Here, where: Mapping[str, object | None], *, after: Struct | None = None, limit: int
    ) -> Sequence[T]:
        """Up to ``limit`` values in order, beyond the one whose `cursor` is ``after``.

        Args:
            where: values that columns must have, or compare with as an operator says: ``{"status": "active", "started_at
                >=": since, "(ended_at IS NULL) =": True}``. None lets every row through.
        """
        wanted = {"tenant": here.tenant, **{name: value for name, value in where.items() if value is not None}}
        conditions = [f"{_compared(name)} ${place}" for place, name in enumerate(wanted, start=1)]
        args = list(wanted.values())
        if after is not None:
            conditions.append(f"{self._beyond} ({', '.join(f'${len(args) + place}' for place, _ in enumerate(self.order, 1))})")
            args.extend(astuple(after))
        query = f"SELECT {self.columns} FROM {self.name} WHERE {' AND '.join(conditions)}"  # noqa: S608 - no value is in it
        rows = await here.db.fetch(f"{query} ORDER BY {self._order} LIMIT ${len(args) + 1}", *args, limit)
        return [self.value(row) for row in rows]

    def cursor(self, value: T) -> Struct:
        """Where a list goes on after a value."""
        return self.cursor_type(*(getattr(value, column) for column in self.order))

    async def _check_free(self, ctx: Turn, value: T, names: Mapping[str, object]) -> None:
        """Refuse what an active row other than this one has already."""
        for column, what in self.unique.items():
            claimed = getattr(value, column)
            if column not in names or claimed is None:
                continue
            other = f"{column} = $2 AND {self.key} <> $3" + (f" AND {_ACTIVE}" if self.retired else "")
            if await self.select(ctx, other, claimed, getattr(value, self.key)):
                active = "active " if self.retired else ""
                detail = f"Another {active}{self.words} has this {what}. Change or retire that one first."
                raise Refusal.conflict(f"{snake_case(what)}_taken", detail)


def _compared(name: str) -> str:
    """A column with its operator, which is ``=`` where none is given."""
    column, _, operator = name.partition(" ")
    return f"{column} {operator or '='}"
