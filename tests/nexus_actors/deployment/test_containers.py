"""What the container engine says of the containers, judged."""

from pathlib import Path

import pytest

from nexus_actors.deployment.containers import EngineFault, judged, look_at_containers

SAID = (
    "postgres\tnexus-cos-postgres\trunning\tUp 5 minutes (healthy)\n"
    "redis\tnexus-cos-redis\trunning\tUp 5 minutes (unhealthy)\n"
    "tracker-ms\tnexus-cos-tracker-ms-1\trunning\tUp 5 minutes (healthy)\n"
    "tracker-ms-workers\tnexus-cos-tracker-ms-workers-2\trestarting\tRestarting (137) 1 second ago\n"
    "tracker-ms-workers\tnexus-cos-tracker-ms-workers-1\trunning\tUp 5 minutes (healthy)\n"
    "auth-ms\tnexus-cos-auth-ms-1\trunning\tUp 2 seconds (health: starting)\n"
    "fleet-service\tnexus-cos-fleet-service-1\texited\tExited (0) 2 seconds ago\n"
    "stranger\tstranger\trunning\tUp 5 minutes (healthy)\n"
)


def test_each_container_is_judged_and_further_workers_count() -> None:
    seen = {found.name: found.healthy for found in judged(["postgres", "redis", "auth-ms", "tracker-ms", "location-ms"], SAID)}
    assert seen == {
        "nexus-cos-postgres": True,
        "nexus-cos-redis": False,
        "nexus-cos-auth-ms-1": False,
        "nexus-cos-tracker-ms-1": True,
        "nexus-cos-tracker-ms-workers-1": True,
        "nexus-cos-tracker-ms-workers-2": False,
        "location-ms": False,
    }


@pytest.mark.parametrize("said", ["", "nonsense\n", "a\tb\n"])
def test_a_service_without_a_container_is_not_found(said: str) -> None:
    (found,) = judged(["auth-ms"], said)
    assert (found.healthy, found.detail) == (False, "not found")


def engine(folder: Path, script: str) -> None:
    (folder / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "docker").chmod(0o755)


@pytest.mark.anyio
async def test_the_engine_is_asked_for_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine(tmp_path, f'echo "$@" > {tmp_path}/asked; printf "redis\\tr\\trunning\\tUp (healthy)\\n"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    seen = await look_at_containers(["auth-ms"], "mine")
    assert [(found.name, found.healthy) for found in seen] == [("postgres", False), ("r", True), ("auth-ms", False)]
    assert "project=mine" in (tmp_path / "asked").read_text()


@pytest.mark.anyio
async def test_an_engine_that_is_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineFault, match="no program `docker`"):
        await look_at_containers([], "mine")
    engine(tmp_path, "echo Cannot connect to the daemon; exit 1")
    with pytest.raises(EngineFault, match="Cannot connect to the daemon"):
        await look_at_containers([], "mine")
