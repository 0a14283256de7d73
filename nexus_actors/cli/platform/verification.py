"""The checks of `nexus verify` besides the health of the services: containers, servers, token flow, an event end to end."""

from collections.abc import Awaitable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

import anyio
from msgspec import Struct

from bus import BusUnavailable
from bus.redis import Audit
from nexus_actors.cli.platform.located import Located
from nexus_actors.cli.platform.visitor import visit
from nexus_actors.cli.terminal.failures import FORESEEN, leaves
from nexus_actors.demo import DemoFailed, Visitor
from nexus_actors.deployment.containers import look_at_containers
from nexus_actors.errors import DatabaseUnavailable
from nexus_actors.local.credentials import load_credentials
from nexus_actors.local.first_start import account_keeper
from nexus_actors.operations.streams import open_streams
from nexus_actors.platform.catalogue import Catalogue
from nexus_actors.platform.loading import parts_beside
from nexus_actors.postgres.database import PostgresDatabase
from nexus_actors.postgres.pool import open_pool
from nexus_actors.trial import MODULE, SEQUENCE, Trial

SIGN_IN: Final = "Sign in"
_WITHIN_S: Final = 5.0
_UNTRIED: Final = "There is no token to try it with."
_STATE: Final = """
SELECT current_setting('server_version') AS version, current_setting('transaction_read_only') AS read_only, count(*)
FROM nexus.workers"""


class Check(Struct, frozen=True, kw_only=True):
    """A check, and how it came out.

    Attributes:
        detail: what was seen, or why it did not pass.
        counts: False where what it is about was left out on purpose.
    """

    section: str
    title: str
    passed: bool
    detail: str
    counts: bool = True


async def check_containers(catalogue: Catalogue, project: str) -> list[Check]:
    """A check for each container."""
    try:
        seen = await look_at_containers([entry.name for entry in catalogue.built()], project)
    except FORESEEN as error:
        return [Check(section="CONTAINERS", title="Container engine", passed=False, detail=str(error))]
    return [Check(section="CONTAINERS", title=found.name, passed=found.healthy, detail=found.detail) for found in seen]


async def check_platform(
    located: Located, catalogue: Catalogue, credentials_file: Path, started: Collection[str] | None = None
) -> list[Check]:
    """PostgreSQL, Redis, then the trials of the modules with a token.

    Args:
        started: the names of the services that were started, where others were left out: what needs these is not tried.
    """
    names = {entry.name for entry in catalogue.services} if started is None else set(started)
    return [
        await _tried("SERVERS", "PostgreSQL", _postgres(located)),
        await _tried("SERVERS", "Redis", _redis(located)),
        *await _trials(located, catalogue, credentials_file, names),
    ]


def find_trials(catalogue: Catalogue) -> Iterator[Trial]:
    """The trials of all modules that have a service."""
    for part in parts_beside(catalogue, MODULE):
        yield from getattr(part, SEQUENCE)


async def _postgres(located: Located) -> str:
    opened = open_pool(
        located.database_url, schema="nexus", application_name="nexus/verify", max_size=1, connect_within_s=_WITHIN_S
    )
    async with opened as pool:
        row = await PostgresDatabase(pool).fetchrow(_STATE)
    if row is None:
        raise DemoFailed("PostgreSQL answers with nothing. See: nexus status")
    if row["read_only"] == "on":
        raise DatabaseUnavailable(
            f"PostgreSQL {row['version']} answers, and is read-only: a standby, or default_transaction_read_only is on. "
            "Services wait until it can be written."
        )
    return f"PostgreSQL {row['version']} answers; {row['count']} workers are known"


async def _redis(located: Located) -> str:
    with anyio.move_on_after(_WITHIN_S):
        async with open_streams(located.redis_url, located.redis_prefix) as streams:
            found = await streams.audit([])
            _insist_on_keeping(found)
            return " ".join(["Redis answers and keeps what it is given.", *(danger.text for danger in found.dangers)])
    raise BusUnavailable(f"Redis did not answer within {_WITHIN_S:g} s.")


def _insist_on_keeping(found: Audit) -> None:
    """Policies under which messages are lost fail the check; lesser ones are shown with it.

    Raises:
        BusUnavailable: it loses messages, or does not permit what is needed.
    """
    problems = [
        *(f"It does not permit {said}." for said in found.forbidden),
        *(d.text for d in found.dangers if d.loses_messages),
    ]
    if problems:
        raise BusUnavailable(" ".join(["Redis answers, and is not to be trusted with messages.", *problems]))


async def _trials(located: Located, catalogue: Catalogue, credentials_file: Path, started: set[str]) -> list[Check]:
    trials = list(find_trials(catalogue))
    issuer = account_keeper(catalogue.built())
    if issuer is not None and issuer.name not in started:
        absent = [("TOKEN FLOW", SIGN_IN), *((trial.section, trial.title) for trial in trials)]
        return [_left_out(section, title, [issuer.name]) for section, title in absent]
    signed_in = False
    checks: list[Check] = []

    async def visited() -> str:
        nonlocal signed_in
        credentials = load_credentials(credentials_file)
        if credentials is None:
            raise DemoFailed("The command line has no account here. Make it: nexus up, or nexus deploy accounts")
        async with visit(located, catalogue, credentials) as visitor:
            signed_in = True
            checks.extend([await _try(trial, visitor, started) for trial in trials])
        return f"{credentials.issuer} gave a token"

    first = await _tried("TOKEN FLOW", SIGN_IN, visited())
    if not signed_in:
        checks = [Check(section=t.section, title=t.title, passed=False, detail=_UNTRIED) for t in trials]
    return [first, *checks]


async def _try(trial: Trial, visitor: Visitor, started: set[str]) -> Check:
    absent = [name for name in trial.services if name not in started]
    if absent:
        return _left_out(trial.section, trial.title, absent)
    return await _tried(trial.section, trial.title, trial.run(visitor))


def _left_out(section: str, title: str, absent: Sequence[str]) -> Check:
    detail = f"Not tried: {', '.join(absent)} not started (--only)"
    return Check(section=section, title=title, passed=False, detail=detail, counts=False)


async def _tried(section: str, title: str, work: Awaitable[str]) -> Check:
    try:
        return Check(section=section, title=title, passed=True, detail=await work)
    except FORESEEN as error:
        return Check(section=section, title=title, passed=False, detail=str(error))
    except BaseExceptionGroup as group:
        causes = list(leaves(group))
        if not all(isinstance(cause, FORESEEN) for cause in causes):
            raise
        return Check(section=section, title=title, passed=False, detail=str(causes[0]))
