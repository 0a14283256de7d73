"""Where the platform is that a command is about."""

from collections.abc import Mapping

from msgspec import Struct

from nexus_actors.cli.platform.checkout import home_of
from nexus_actors.errors import NexusError
from nexus_actors.settings.config import Settings


class NotUp(NexusError):
    """Raised when a command needs a platform that runs, and finds none."""


class Located(Struct, frozen=True, kw_only=True):
    """Where a platform is.

    Attributes:
        host: where its services listen.
        port_offset: added to the ports of the catalogue.
        database_url, redis_url: its servers, with passwords.
        redis_prefix: stands before every key.
    """

    host: str
    port_offset: int
    database_url: str
    redis_url: str
    redis_prefix: str


def locate(environ: Mapping[str, str]) -> Located:
    """The platform that runs on this machine, else the one whose servers the variables name.

    Raises:
        NotUp: there is neither.
        ConfigError: see `Settings.load`.
    """
    home = home_of(environ)
    state = home.running()
    if state is not None and state.database_url and state.redis_url:
        return Located(
            host=state.host,
            port_offset=state.port_offset,
            database_url=state.database_url,
            redis_url=state.redis_url,
            redis_prefix=state.redis_prefix,
        )
    settings = Settings.load(environ, secrets=())
    if settings.database_url is None or settings.redis_url is None:
        raise NotUp(
            f"No platform runs in {home.path}. Start it with: nexus up. To reach one elsewhere, name its servers in "
            "NEXUS_DATABASE_URL and NEXUS_REDIS_URL."
        )
    return Located(
        host=settings.host,
        port_offset=settings.port_offset,
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        redis_prefix=settings.redis_prefix,
    )
