"""The configuration: read once, from the NEXUS_* variables of the environment, and checked before anything starts."""

import os
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Struct
from typing_extensions import override

from bus.address import REDIS_SCHEMES, RedisAddress
from nexus_actors.errors import ConfigError
from nexus_actors.failures.redaction import redact_text
from nexus_actors.http.cors import exact_origins
from nexus_actors.http.insight import INNER_NETWORKS, inner_networks
from nexus_actors.settings import setting
from nexus_actors.settings.secret import Secret

PREFIX: Final = "NEXUS_"
SECRETS: Final = frozenset({"auth_kek"})

Environment = Literal["development", "production"]
LogLevel = Literal["debug", "info", "warning", "error"]
Choice = Literal["yes", "no"]
LogFormat = Literal["json", "console"]


class Settings(Struct, frozen=True, kw_only=True):
    """What an operator decides. Field ``lease_s`` is variable ``NEXUS_LEASE_S``; an empty variable counts as not set."""

    environment: Annotated[Environment, setting.choice(Environment)] = "development"
    database_url: Annotated[
        str | None, setting.url("postgresql", "postgres", note="left out in development: an embedded server is started")
    ] = None
    redis_url: Annotated[
        str | None,
        setting.url(*REDIS_SCHEMES, note="left out in development: an embedded server is started", check=RedisAddress.parse),
    ] = None
    redis_prefix: Annotated[
        str, setting.text(r"^[a-z][a-z0-9_-]{0,31}$", "a lower-case letter, then up to 31 of a-z, 0-9, _ and -")
    ] = "nexus"
    host: Annotated[str, setting.text(r"^[A-Za-z0-9.:_-]{1,255}$", "a host name or address to listen on")] = "127.0.0.1"
    service_host: Annotated[
        str, setting.text(r"^[A-Za-z0-9._{}-]{1,255}$", "a host name, in which {service} stands for the service's name")
    ] = "127.0.0.1"
    port_offset: Annotated[int, setting.whole(0, 50_000)] = 0
    data_dir: Annotated[Path, setting.text(None, "a folder that this process may write to")] = Path(".nexus")
    log_level: Annotated[LogLevel, setting.choice(LogLevel)] = "info"
    log_format: Annotated[LogFormat, setting.choice(LogFormat)] = "json"
    show_faults: Annotated[Choice, setting.choice(Choice)] = "no"
    lease_s: Annotated[float, setting.seconds(1, 300)] = 5.0
    batch_size: Annotated[int, setting.whole(1, 10_000)] = 256
    handler_timeout_s: Annotated[float, setting.seconds(0.1, 3_600)] = 30.0
    max_attempts: Annotated[int, setting.whole(1, 1_000)] = 6
    retry_base_s: Annotated[float, setting.seconds(0.001, 3_600)] = 0.2
    retry_max_s: Annotated[float, setting.seconds(0.001, 86_400)] = 30.0
    unknown_wait_s: Annotated[float, setting.seconds(0, 604_800)] = 3_600.0
    job_slots: Annotated[int, setting.whole(0, 256)] = 1
    drain_s: Annotated[float, setting.seconds(0, 3_600)] = 10.0
    http_head_s: Annotated[float, setting.seconds(0.1, 3_600)] = 10.0
    http_body_s: Annotated[float, setting.seconds(0.1, 3_600)] = 30.0
    http_idle_s: Annotated[float, setting.seconds(0.1, 3_600)] = 75.0
    http_connections: Annotated[int, setting.whole(1, 1_000_000)] = 1_024
    http_connections_per_address: Annotated[int, setting.whole(1, 1_000_000)] = 256
    http_origins: Annotated[
        str,
        setting.text(None, "origins such as https://app.example, exactly, with commas between them", check=exact_origins),
    ] = ""
    http_inner_networks: Annotated[
        str, setting.text(None, "networks such as 10.0.0.0/8, with commas between them", check=inner_networks)
    ] = INNER_NETWORKS
    inbox_days: Annotated[int, setting.whole(1, 366)] = 3
    outbox_days: Annotated[int, setting.whole(1, 366)] = 7
    stream_high_water: Annotated[int, setting.whole(1_000, 100_000_000)] = 100_000
    auth_issuer: Annotated[str, setting.text(r"^[\x21-\x7e]{1,255}$", "1 to 255 printable characters without spaces")] = (
        "nexus-cos"
    )
    auth_url: Annotated[
        str | None, setting.url("http", "https", note="where clients reach auth-ms; left out: the issuer where that is a URL")
    ] = None
    auth_kek: Annotated[Secret | None, setting.text(None, f"at least {setting.MIN_SECRET} characters, made at random")] = None
    otlp_endpoint: Annotated[
        str | None, setting.url("http", "https", note="where OTLP over HTTP is received; left out: no traces are exported")
    ] = None
    workers: Annotated[int, setting.whole(1, 256)] = 1

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, *, secrets: Collection[str] = SECRETS) -> "Settings":
        """Read and check the settings.

        Args:
            environ: the variables; those of this process when left out.
            secrets: the secrets that this process cannot do without in production. A worker that runs no service in need of
                one names none, so that the secret need not be given to it.

        Raises:
            ConfigError: listing every variable that is unknown, malformed or missing.
        """
        given = {
            name: value
            for name, value in (os.environ if environ is None else environ).items()
            if name.startswith(PREFIX) and value
        }
        problems = _unknown(given)
        values: dict[str, Any] = {}
        for field in msgspec.structs.fields(cls):
            raw = given.get(variable(field.name))
            if raw is None:
                continue
            try:
                values[field.name] = setting.decode(raw, field.type)
            except ValueError as problem:
                problems.append(f"{variable(field.name)} {problem}")
        if problems:
            raise ConfigError(*problems)
        settings = cls(**_follow_environment(values))
        problems = _contradictions(settings)
        if settings.environment == "production":
            problems += _unsafe(settings, secrets)
        if problems:
            raise ConfigError(*problems)
        return settings

    def url_of(self, service: str, port: int) -> str:
        """Where other programs of the platform reach a service that listens on ``port``, before the offset."""
        return f"http://{self.service_host.replace('{service}', service)}:{port + self.port_offset}"

    def describe(self) -> str:
        """The settings as lines of ``VARIABLE = value``, without secrets, marked where they are the default."""
        lines = []
        for field in msgspec.structs.fields(type(self)):
            value = getattr(self, field.name)
            note = "  (default)" if value == field.default else ""
            lines.append(f"{variable(field.name)} = {_shown(value)}{note}")
        return "\n".join(lines)

    @override
    def __repr__(self) -> str:
        values = (f"{name}={_shown(getattr(self, name))}" for name in self.__struct_fields__)
        return f"Settings({', '.join(values)})"

    @override
    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [(name, _shown(getattr(self, name))) for name in self.__struct_fields__]


def variable(field: str) -> str:
    """The environment variable of a field of ``Settings``."""
    return PREFIX + field.upper()


def _unknown(given: Mapping[str, str]) -> list[str]:
    known = [variable(name) for name in Settings.__struct_fields__]
    problems = []
    for name in sorted(given.keys() - set(known)):
        near = get_close_matches(name.upper(), known, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
        problems.append(f"{name} is no setting of Nexus; {hint}")
    return problems


def _follow_environment(values: dict[str, Any]) -> dict[str, Any]:
    """Defaults that depend on something else: people read the console, machines read JSON; folders do not follow a chdir."""
    if values.get("environment", "development") == "development":
        values.setdefault("log_format", "console")
    values["data_dir"] = values.get("data_dir", Path(".nexus")).expanduser().absolute()
    return values


def _contradictions(settings: Settings) -> list[str]:
    problems = []
    if settings.retry_base_s > settings.retry_max_s:
        problems.append(
            f"NEXUS_RETRY_BASE_S is {settings.retry_base_s:g}, above NEXUS_RETRY_MAX_S, which is {settings.retry_max_s:g}; "
            "the first wait between two attempts cannot be longer than the longest."
        )
    return problems


def _unsafe(settings: Settings, secrets: Collection[str]) -> list[str]:
    """What is good enough on a laptop and refused in production."""
    problems = []
    if settings.show_faults == "yes":
        problems.append("NEXUS_SHOW_FAULTS shows callers the insides of services; NEXUS_ENVIRONMENT=production needs no.")
    for name in ("database_url", "redis_url"):
        url = getattr(settings, name)
        # An embedded server in production would be an empty one, unnoticed: the data is elsewhere.
        reason = "is missing" if url is None else setting.weak_url(url)
        if reason:
            problems.append(
                f"{variable(name)} {reason}; NEXUS_ENVIRONMENT=production needs a server with a password of its own."
            )
    for name in sorted(secrets):
        secret = getattr(settings, name)
        reason = "is missing" if secret is None else setting.weak_secret(secret)
        if reason:
            problems.append(
                f"{variable(name)} {reason}; NEXUS_ENVIRONMENT=production needs at least {setting.MIN_SECRET} characters "
                "made at random."
            )
    return problems


def _shown(value: object) -> str:
    if value is None:
        return "not set"
    return redact_text(str(value))
