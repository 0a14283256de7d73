"""What is loaded with redis-py."""

import subprocess
import sys


def loaded(code: str) -> set[str]:
    """The modules that a process of its own has when it has run this."""
    run = subprocess.run([sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"], capture_output=True, check=True)
    return set(run.stdout.decode().split())


def test_a_worker_starts_without_the_metrics_of_opentelemetry() -> None:
    found = loaded("import nexus_actors.worker")
    assert "redis.asyncio.client" in found
    assert "opentelemetry.sdk.metrics" not in found


def test_who_wants_them_afterwards_has_them() -> None:
    assert "opentelemetry.sdk.metrics" in loaded("import bus.redis, opentelemetry.sdk.metrics")
    assert "redis" in loaded("import opentelemetry.sdk.metrics, bus.redis")
