"""What the command line of this machine logs in with."""

from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from nexus_actors.local.private_file import write_private


class Credentials(Struct, frozen=True, kw_only=True):
    """A service account, for the database that knows it.

    Attributes:
        database: names the database without its password; see `database_name`.
        issuer: the service that gives out tokens.
    """

    database: str
    issuer: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Credentials(issuer={self.issuer!r}, client_id={self.client_id!r})"


def load_credentials(file: Path) -> Credentials | None:
    """The credentials in a file; None where there are none that can be read."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Credentials)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def save_credentials(file: Path, credentials: Credentials) -> None:
    """Keep credentials, for their owner alone (mode 600)."""
    write_private(file, msgspec.json.encode(credentials))


def database_name(database_url: str, *, embedded: bool) -> str:
    """What tells one database from another: our own is always the same, whatever port it listens on."""
    if embedded:
        return "embedded"
    parts = urlsplit(database_url)
    listed = parts.netloc.rpartition("@")[2]
    where = listed if "," in listed else f"{parts.hostname}:{parts.port}"
    return sha256(f"{where}{parts.path}?{parts.query}".encode()).hexdigest()[:16]
