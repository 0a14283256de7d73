"""The file of secrets and ports that the compose file reads (``deploy/.env``), for its owner alone."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from nexus_actors.deployment.compose import port_variable
from nexus_actors.errors import NexusError
from nexus_actors.local.health import reachable_host
from nexus_actors.local.servers import POSTGRES_PORT, REDIS_PORT
from nexus_actors.platform.catalogue import LAST_PORT, Catalogue

LOOPBACK: Final = "127.0.0.1"
PROJECT: Final = "COMPOSE_PROJECT_NAME"
NAME: Final = "nexus-cos"
_SECRET_BYTES: Final = 36
_SECRETS: Final = ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "NEXUS_AUTH_KEK")
_STORES: Final = {"postgres": POSTGRES_PORT, "redis": REDIS_PORT}


class SecretsFault(NexusError):
    """Raised when the file cannot be made or read; the message says why and what to do."""


class Deployment(Struct, frozen=True, kw_only=True):
    """How a deployment is reached from this machine.

    Attributes:
        host: where its ports are published.
        port_offset: what was added to all of them.
        database_url, redis_url: its servers, with passwords.
        auth_kek: what auth-ms seals with.
        project: what compose calls it.
    """

    host: str
    port_offset: int
    database_url: str
    redis_url: str
    auth_kek: str
    project: str = NAME

    def __repr__(self) -> str:
        return f"Deployment(host={self.host!r}, port_offset={self.port_offset})"


def secrets_text(catalogue: Catalogue, make: Callable[[int], str], *, bind: str = LOOPBACK, port_offset: int = 0) -> str:
    """The content of a new file.

    Args:
        make: makes a text of so many random bytes, of characters that may stand in a URL.
        bind: the address of this machine that the ports are published on.
        port_offset: added to every published port.

    Raises:
        SecretsFault: a port would lie beyond the last one.
    """
    ports = _STORES | {entry.name: entry.port for entry in catalogue.services}
    beyond = [f"{name} {port + port_offset}" for name, port in ports.items() if port + port_offset > LAST_PORT]
    if beyond:
        raise SecretsFault(f"With --port-offset {port_offset} ports lie beyond {LAST_PORT}: {', '.join(beyond)}. Give less.")
    lines = [
        "# Secrets of Nexus COS in containers, read by docker-compose.nexus-full.yml. For its owner alone; keep a copy:",
        "# without POSTGRES_PASSWORD and NEXUS_AUTH_KEK the data in the volumes cannot be used.",
        f"{PROJECT}={NAME}",
        *(f"{name}={make(_SECRET_BYTES)}" for name in _SECRETS),
        "# Published on this address of this machine.",
        f"NEXUS_BIND={bind}",
        f"PORT_OFFSET={port_offset}",
    ]
    if port_offset:
        lines += [f"{port_variable(name)}={port + port_offset}" for name, port in ports.items()]
    return "\n".join(lines) + "\n"


def write_new(file: Path, text: str) -> None:
    """Write a file that is not there yet (mode 600).

    Raises:
        SecretsFault: it is there, or cannot be written.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise SecretsFault(
            f"{file} is there already and is left as it is: the data in the volumes need its secrets. To begin anew, remove "
            "the volumes first (docker compose down --volumes), then this file."
        ) from error
    except OSError as error:
        raise SecretsFault(f"Cannot write {file}: {error.strerror}.") from error
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)


def read_deployment(file: Path) -> Deployment:
    """How the deployment of a file is reached.

    Raises:
        SecretsFault: the file is not there, for everybody to read, or lacks something.
    """
    try:
        if file.stat().st_mode & 0o077:
            raise SecretsFault(f"{file} holds secrets, and others may read it. Run: chmod 600 {file}")
        values = dict(_pairs(file.read_text()))
    except OSError as error:
        raise SecretsFault(f"Cannot read {file}: {error.strerror}. Make it with: nexus deploy init") from error
    missing = [name for name in _SECRETS if not values.get(name)]
    if missing:
        raise SecretsFault(f"{file} lacks {', '.join(missing)}. Put it back from your copy.")
    offset = values.get("PORT_OFFSET", "0")
    if not offset.isdigit():
        raise SecretsFault(f"{file} has PORT_OFFSET={offset}, which is no whole number. Write 0 where no port was moved.")
    return _deployment(values, int(offset))


def _deployment(values: Mapping[str, str], offset: int) -> Deployment:
    host = reachable_host(values.get("NEXUS_BIND") or LOOPBACK)
    name = f"[{host}]" if ":" in host else host
    return Deployment(
        host=host,
        port_offset=offset,
        database_url=f"postgresql://nexus:{values['POSTGRES_PASSWORD']}@{name}:{POSTGRES_PORT + offset}/nexus",
        redis_url=f"redis://:{values['REDIS_PASSWORD']}@{name}:{REDIS_PORT + offset}/0",
        auth_kek=values["NEXUS_AUTH_KEK"],
        project=values.get(PROJECT) or NAME,
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    lines = (line.strip() for line in text.splitlines())
    split = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return [(name.strip(), value.strip()) for name, _, value in split]
