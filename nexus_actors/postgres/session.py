"""The settings of a session: what bounds its statements, and where it looks for tables."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nexus_actors.postgres.atomic import AnyConnection

KEEPALIVE: Final = {"IDLE": 30, "INTVL": 5, "CNT": 3}

_BOUNDS: Final = {
    # A turn holds its transaction for milliseconds. A client that froze in one gives up its locks and its snapshot.
    "idle_in_transaction_session_timeout": "5s",
    "statement_timeout": "30s",
    "tcp_keepalives_idle": str(KEEPALIVE["IDLE"]),
    "tcp_keepalives_interval": str(KEEPALIVE["INTVL"]),
    "tcp_keepalives_count": str(KEEPALIVE["CNT"]),
    "timezone": "UTC",
    # Our statements are short; compiling them costs more than it saves.
    "jit": "off",
}
# What a pooler passes on from the start packet; it refuses or drops everything else there.
_PASSED_ON: Final = frozenset({"application_name", "timezone"})
# What somebody may have changed since the session began, with values in PostgreSQL's own spelling.
_KEPT: Final = ("search_path", "default_transaction_read_only", "lock_timeout", *_BOUNDS)

_READ: Final = "SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name"
_PUT: Final = """
SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS wanted (name, value)
WHERE current_setting(name) IS DISTINCT FROM value"""


def session_settings(schema: str, application_name: str, *, read_only: bool, lock_timeout_ms: int) -> dict[str, str]:
    """The settings of a session that looks into a service's schema first, then into that of the runtime."""
    named = {"search_path": f"{schema},nexus", "application_name": application_name}
    settings = {**_BOUNDS, **named, "lock_timeout": str(lock_timeout_ms)}
    if read_only:
        settings["default_transaction_read_only"] = "on"
    return settings


def passed_on(settings: dict[str, str]) -> dict[str, str]:
    """Those that may stand in the start packet where a pooler reads it."""
    return {name: value for name, value in settings.items() if name in _PASSED_ON}


async def read_session(connection: "AnyConnection") -> dict[str, str]:
    """What a session is set to now."""
    return {row["name"]: row["value"] for row in await connection.fetch(_READ, _KEPT)}


async def put_session(connection: "AnyConnection", settings: dict[str, str]) -> None:
    """Set a session, in one round trip."""
    await connection.fetch(_PUT, list(settings), list(settings.values()))
