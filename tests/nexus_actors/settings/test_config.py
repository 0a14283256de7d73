"""The configuration: what is accepted, what is refused, and that no secret is ever shown."""

import pickle
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.errors import ConfigError
from nexus_actors.failures.redaction import names_secret, redact_text
from nexus_actors.settings.config import Settings, variable
from nexus_actors.settings.secret import Secret

KEK = "Zx8kQ2vN5rT1yB7mW4cJ9pL3hF6dS0aG"
PRODUCTION = {
    "NEXUS_ENVIRONMENT": "production",
    "NEXUS_DATABASE_URL": "postgresql://nexus:tk83-Qp1@db/nexus",
    "NEXUS_REDIS_URL": "rediss://:vv90-Lm2@cache:6379/0",
    "NEXUS_AUTH_KEK": KEK,
}


def problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as refused:
        Settings.load(environ)
    return refused.value.problems


def test_nothing_set_gives_the_defaults_of_development() -> None:
    settings = Settings.load({})
    assert settings.environment == "development"
    assert settings.database_url is None
    assert (settings.lease_s, settings.batch_size, settings.max_attempts) == (5.0, 256, 6)
    assert (settings.inbox_days, settings.outbox_days, settings.stream_high_water) == (3, 7, 100_000)
    assert settings.log_format == "console"
    assert settings.data_dir == Path.cwd() / ".nexus"


def test_values_are_decoded_to_their_types() -> None:
    settings = Settings.load(
        {
            "NEXUS_PORT_OFFSET": "10000",
            "NEXUS_RETRY_BASE_S": "0.5",
            "NEXUS_DATA_DIR": "/var/lib/nexus",
            "NEXUS_LOG_LEVEL": "debug",
            "NEXUS_AUTH_KEK": KEK,
            "NEXUS_DATABASE_URL": "postgresql:///nexus?host=/run/postgresql",
            "PATH": "/bin",
        }
    )
    assert settings.port_offset == 10_000
    assert settings.retry_base_s == 0.5
    assert settings.data_dir == Path("/var/lib/nexus")
    assert settings.auth_kek is not None
    assert settings.auth_kek.reveal() == KEK


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.load({"NEXUS_PORT_OFFSET": "", "NEXUS_DATABASE_URL": ""}).port_offset == 0


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("NEXUS_PORT_OFFSET", "many", "is 'many'; allowed is a whole number from 0 to 50000."),
        ("NEXUS_PORT_OFFSET", "-1", "is '-1'; allowed is a whole number from 0 to 50000."),
        ("NEXUS_LEASE_S", "nan", "is 'nan'; allowed is seconds from 1 to 300."),
        ("NEXUS_LEASE_S", "inf", "is 'inf'; allowed is seconds from 1 to 300."),
        ("NEXUS_LEASE_S", "5s", "is '5s'; allowed is seconds from 1 to 300."),
        ("NEXUS_LOG_FORMAT", "xml", "is 'xml'; allowed is one of json, console."),
        ("NEXUS_REDIS_PREFIX", "a{b}", "is 'a{b}'; allowed is a lower-case letter"),
        ("NEXUS_REDIS_PREFIX", "nexus\n", r"is 'nexus\n'; allowed is"),
        ("NEXUS_HTTP_INNER_NETWORKS", "10.0.0.0/8,x", "is '10.0.0.0/8,x'; allowed is networks such as 10.0.0.0/8"),
        ("NEXUS_HTTP_ORIGINS", "*", "is '*'; allowed is origins such as https://app.example, exactly"),
        ("NEXUS_REDIS_URL", "localhost:6379", "allowed is a URL that starts with redis:// or rediss:// or unix://"),
        ("NEXUS_REDIS_URL", "redis+cluster://a:6379,:6380", "has the host ':6380' in its list"),
        ("NEXUS_REDIS_URL", "redis+cluster://a:6379/3", "has database 0 only"),
        ("NEXUS_REDIS_URL", "redis+sentinel://a:26379,b:26379", "names no master"),
        ("NEXUS_DATABASE_URL", "postgresql://[::1/nexus", "is no URL that can be used here"),
        ("NEXUS_AUTH_KEK", "short-and-private", "has 17 characters; allowed is at least 32 characters"),
    ],
)
def test_a_bad_value_is_refused_by_name_with_what_is_allowed(name: str, value: str, says: str) -> None:
    (problem,) = problems({name: value})
    assert problem.startswith(f"{name} ")
    assert says in problem


def test_every_problem_is_told_at_once() -> None:
    told = problems({"NEXUS_WORKERS": "0", "NEXUS_LEASE_S": "x", "NEXUS_NOPE": "1"})
    assert [line.split()[0] for line in told] == ["NEXUS_NOPE", "NEXUS_LEASE_S", "NEXUS_WORKERS"]


def test_an_unknown_variable_suggests_the_nearest_name() -> None:
    assert problems({"NEXUS_DATABSE_URL": "x"}) == (
        "NEXUS_DATABSE_URL is no setting of Nexus; did you mean NEXUS_DATABASE_URL?",
    )
    (far,) = problems({"NEXUS_ZZZZZZZZZZZZ": "x"})
    assert "known are NEXUS_ENVIRONMENT, " in far


def test_waits_between_attempts_must_not_contradict_each_other() -> None:
    (problem,) = problems({"NEXUS_RETRY_BASE_S": "60", "NEXUS_RETRY_MAX_S": "30"})
    assert "above NEXUS_RETRY_MAX_S" in problem


@pytest.mark.parametrize("value", ["postgresql://u:hunter22@[bad/db", "http://u:hunter22@db/x", "hunter22"])
def test_a_refusal_never_repeats_what_may_hold_a_secret(value: str) -> None:
    for name in ("NEXUS_DATABASE_URL", "NEXUS_AUTH_KEK"):
        assert "hunter22" not in " ".join(problems({name: value}))


def test_production_is_accepted_when_all_is_given() -> None:
    settings = Settings.load(PRODUCTION)
    assert settings.log_format == "json"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"NEXUS_DATABASE_URL": ""}, "NEXUS_DATABASE_URL is missing"),
        ({"NEXUS_SHOW_FAULTS": "yes"}, "NEXUS_SHOW_FAULTS shows callers the insides"),
        ({"NEXUS_DATABASE_URL": "postgresql://postgres:postgres@db/nexus"}, "has a password that everybody knows"),
        ({"NEXUS_DATABASE_URL": "postgresql://nexus@db/nexus"}, "NEXUS_DATABASE_URL has no password"),
        ({"NEXUS_DATABASE_URL": "postgresql://nexus@db/nexus?password=changeme"}, "has a password that everybody knows"),
        ({"NEXUS_REDIS_URL": "redis://cache:6379/0"}, "NEXUS_REDIS_URL has no password"),
        ({"NEXUS_REDIS_URL": "redis+cluster://a:6379,b:6379"}, "NEXUS_REDIS_URL has no password"),
        ({"NEXUS_AUTH_KEK": ""}, "NEXUS_AUTH_KEK is missing"),
        ({"NEXUS_AUTH_KEK": "a" * 40}, "NEXUS_AUTH_KEK is easy to guess"),
    ],
)
def test_production_refuses_missing_and_default_secrets(changed: dict[str, str], says: str) -> None:
    (problem,) = problems({**PRODUCTION, **changed})
    assert says in problem


@pytest.mark.parametrize(
    "changed",
    [
        {"NEXUS_DATABASE_URL": "postgresql:///nexus?host=/run/postgresql"},
        {"NEXUS_DATABASE_URL": "postgresql://nexus@db/nexus?sslmode=verify-full&sslcert=/etc/nexus/client.pem"},
        {"NEXUS_REDIS_URL": "unix:///run/redis.sock"},
        {"NEXUS_REDIS_URL": "rediss+cluster://app:vv90-Lm2@a:6379,b:6379"},
        {"NEXUS_REDIS_URL": "redis+sentinel://:vv90-Lm2@a:26379,b:26379/main/0"},
    ],
)
def test_production_lets_sockets_and_certificates_stand_for_a_password(changed: dict[str, str]) -> None:
    Settings.load({**PRODUCTION, **changed})


def test_a_process_that_needs_no_secret_is_not_asked_for_one() -> None:
    environ = {name: value for name, value in PRODUCTION.items() if name != "NEXUS_AUTH_KEK"}
    assert Settings.load(environ, secrets=()).auth_kek is None


def test_describe_prints_every_setting_and_no_secret() -> None:
    settings = Settings.load({**PRODUCTION, "NEXUS_OTLP_ENDPOINT": "https://key:vv90-Lm3@otlp.example"})
    described = settings.describe()
    for text in (described, repr(settings), str(settings), str(settings.__rich_repr__())):
        for hidden in ("tk83-Qp1", "vv90-Lm2", "vv90-Lm3", KEK):
            assert hidden not in text
    assert [line.split(" = ")[0] for line in described.splitlines()] == [variable(n) for n in Settings.__struct_fields__]
    assert "NEXUS_DATABASE_URL = postgresql://nexus:***@db/nexus" in described
    assert "NEXUS_BATCH_SIZE = 256  (default)" in described


def test_a_secret_does_not_leave_by_any_door() -> None:
    secret = Secret(KEK)
    assert KEK not in f"{secret} {secret!r} {secret!s} {secret:>9} {[secret]}"
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret == Secret(KEK)
    assert secret != Secret("other")
    assert secret != KEK


@given(st.dictionaries(st.sampled_from([variable(n) for n in Settings.__struct_fields__]), st.text(max_size=40), max_size=6))
def test_any_text_is_either_accepted_or_refused_by_name(environ: dict[str, str]) -> None:
    try:
        settings = Settings.load(environ)
    except ConfigError as refused:
        for problem in refused.problems:
            assert problem.split()[0] in Settings.load({}).describe()
    else:
        assert 1 <= settings.lease_s <= 300
        assert settings.retry_base_s <= settings.retry_max_s


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("connect to redis://:pa55@host/0 failed", "connect to redis://:***@host/0 failed"),
        ("postgresql://u:p@ss@h/db?password=x1&a=b", "postgresql://u:***@h/db?password=***&a=b"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer ***"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"),
        ("got eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln here", "got *** here"),
        ("GET /feed?access_token=abc123&x=1", "GET /feed?access_token=***&x=1"),
        ('{"refresh_token": "abc"}', '{"refresh_token": "***"}'),
        ("a bearer of news, http://host/path", "a bearer of news, http://host/path"),
    ],
)
def test_texts_lose_their_secrets_and_nothing_else(text: str, shown: str) -> None:
    assert redact_text(text) == shown


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("password", True),
        ("password_hash", True),
        ("refreshToken", True),
        ("Set-Cookie", True),
        ("api_key", True),
        ("X-API-Key", True),
        ("APIKey", True),
        ("sealed_key", True),
        ("key_hash", True),
        ("key", False),
        ("public_key", False),
        ("vehicle_id", False),
        ("tokenizer", False),
    ],
)
def test_names_of_secret_fields_are_known(name: str, hidden: bool) -> None:
    assert names_secret(name) is hidden
