"""A table, said once: which value its rows are, how one is found, and in which order they are listed.

It writes the SQL that is the same for every table, and no other. What a service asks beyond that is SQL of its own, with
`Table.columns` and `Table.value` where it reads whole rows. Every statement is bound to the tenant of the turn or request.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from bus import Refusal
from bus.message import snake_case
from nexus_actors.changes import Change
from nexus_actors.database import Transaction
from nexus_actors.tables.listing import Here, Listing

T = TypeVar("T", bound=Struct)

_ACTIVE: Final = "status = 'active'"
"""What unique indexes of tables with a status are bound to: what is retired passes its plate and its account on."""


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


class Table(Listing[T]):
    """Rows of a tenant that are values of one type, each found by its key.

    Args:
        kind: the value; see `Listing`. Its ``version`` counts its changes.
        name: the table.
        key: the field that, with the tenant, is the primary key.
        order: the fields that lists are ordered by; together they are unique.
        newest_first: whether that order is turned round.
        retired: for values whose ``status`` may be ``retired``, after which they change no more: a sentence that says what to
            do then.
        unique: fields, or derived columns, that no two active rows share, and what people call each.
        noun: what a value is, where its key does not say it.
        json: fields whose columns are ``json`` or ``jsonb``.
        computed: fields that are no columns, and the SQL that gives them.
        derived: columns that are no fields but follow from them, such as bounds to search by, and what each is of a value.

    Attributes:
        noun: what a value is, in snake_case: it begins the codes of refusals. It is that of the key, as with commands:
            ``driver`` of ``driver_id``; of a key that is no id, the name of the value's type.
        words: the same, as people write it.
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
        noun: str | None = None,
        json: tuple[str, ...] = (),
        computed: Mapping[str, str] | None = None,
        derived: Mapping[str, Callable[[T], object]] | None = None,
    ) -> None:
        super().__init__(kind, name, order=order, newest_first=newest_first, json=json, computed=computed)
        self.key, self.retired, self.unique, self.derived = key, retired, dict(unique or {}), dict(derived or {})
        self.noun = noun or (key.removesuffix("_id") if key.endswith("_id") else snake_case(kind.__name__))
        self.words = self.noun.replace("_", " ")
        self._check_fields([key, *(self.unique.keys() - self.derived.keys()), *(("status",) if retired else ())])
        self._one = f"SELECT {self.columns} FROM {name} WHERE tenant = $1 AND {key} = $2"  # noqa: S608 - names of ours

    def row(self, value: T) -> dict[str, Any]:
        """The columns of a value."""
        row = {name: getattr(value, name) for name in self.kind.__struct_fields__ if name in self.types}
        for name, part in self._parts.items():
            row |= {f"{name}_{field.name}": getattr(getattr(value, name), field.name) for field in part}
        return row | {column: of(value) for column, of in self.derived.items()}

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
            f"ON CONFLICT (tenant, {self.key}) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}",
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

    async def remove(self, ctx: Turn, value: T) -> None:
        """Take a row away."""
        query = f"DELETE FROM {self.name} WHERE tenant = $1 AND {self.key} = $2"  # noqa: S608 - names of ours
        await ctx.db.execute(query, ctx.tenant, getattr(value, self.key))

    async def _check_free(self, ctx: Turn, value: T, names: Mapping[str, object]) -> None:
        """Refuse what an active row other than this one has already."""
        row = self.row(value)
        for column, what in self.unique.items():
            claimed = row[column]
            if column not in names or claimed is None:
                continue
            other = f"{column} = $2 AND {self.key} <> $3" + (f" AND {_ACTIVE}" if self.retired else "")
            if await self.select(ctx, other, claimed, getattr(value, self.key)):
                active = "active " if self.retired else ""
                detail = f"Another {active}{self.words} has this {what}. Change or retire that one first."
                raise Refusal.conflict(f"{snake_case(what)}_taken", detail)
