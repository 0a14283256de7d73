"""The health verification: what it says, whatever it finds."""

import pytest

from nexus_actors.cli.platform.verification import Check
from nexus_actors.cli.terminal.screen import unstyled
from nexus_actors.cli.verify import report, sections
from nexus_actors.local.health import Sighting, State
from nexus_actors.platform.loading import load_catalogue

CATALOGUE = load_catalogue()


def sightings(**states: State) -> list[Sighting]:
    """All services: those that are built are healthy, unless said otherwise (with _ for -)."""
    named = {name.replace("_", "-"): state for name, state in states.items()}
    return [
        Sighting(
            service=entry.name,
            port=entry.port,
            state=named.get(entry.name, "healthy" if entry.is_built else "not built"),
            detail="why" if entry.name in named else "",
        )
        for entry in CATALOGUE.services
    ]


def text_of(seen: list[Sighting]) -> str:
    return unstyled("\n".join(report(CATALOGUE, seen)))


def test_every_service_stands_in_one_section_in_the_seeds_order() -> None:
    titles = [title for title, _ in sections(CATALOGUE)]
    assert titles[:3] == ["INFRASTRUCTURE SERVICES", "CORE PLATFORM", "PUABO NEXUS - AI-Powered Fleet Management"]
    assert len(titles) == len(CATALOGUE.modules) + 1 >= 14
    names = [service.name for _, services in sections(CATALOGUE) for service in services]
    assert sorted(names) == sorted(service.name for service in CATALOGUE.services)


def test_there_is_one_line_for_each_of_them() -> None:
    lines = [line for line in text_of(sightings()).splitlines() if line.startswith("[CHECK]")]
    assert len(lines) == len(CATALOGUE.services) >= 25
    built = len(CATALOGUE.built())
    assert sum("✓ Health check passed" in line for line in lines) == built
    assert sum("○ Not built" in line for line in lines) == len(CATALOGUE.services) - built


def test_the_summary_counts_what_is_built() -> None:
    built = len(CATALOGUE.built())
    shown = text_of(sightings())
    assert f"Passed Checks:    {built}/{built}" in shown
    assert f"Failed Checks:    0/{built}" in shown
    assert "ALL BUILT SERVICES HEALTHY" in shown


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ("down", "✗ Connection failed: why"),
        ("unhealthy", "✗ Unexpected response: why"),
        ("foreign", "✗ Unexpected response: why"),
    ],
)
def test_one_that_fails_is_told_and_counted(state: State, verdict: str) -> None:
    built = len(CATALOGUE.built())
    shown = text_of(sightings(fleet_service=state))
    [line] = [line for line in shown.splitlines() if "Fleet Service" in line]
    assert line.endswith(verdict)
    assert f"Passed Checks:    {built - 1}/{built}" in shown
    assert f"SUCCESS RATE: {100 * (built - 1) // built}%" in shown


def test_further_checks_have_sections_of_their_own_and_count() -> None:
    before = [Check(section="CONTAINERS", title="nexus-cos-redis", passed=True, detail="Up (healthy)")]
    after = [
        Check(section="SERVERS", title="Redis", passed=False, detail="no answer"),
        Check(section="EVENTS", title="End to end", passed=True, detail="came"),
    ]
    shown = unstyled("\n".join(report(CATALOGUE, sightings(), before, after)))
    total = len(CATALOGUE.built()) + 3
    assert f"Passed Checks:    {total - 1}/{total}" in shown
    assert "ALL BUILT SERVICES HEALTHY" not in shown
    assert "Some checks failed." in shown
    headings = [shown.index(f"  {heading}\n") for heading in ("CONTAINERS", "INFRASTRUCTURE SERVICES", "SERVERS", "EVENTS")]
    assert headings == sorted(headings)
    assert "[CHECK] Redis                       ✗ no answer" in shown


def test_what_was_left_out_on_purpose_is_shown_and_does_not_count() -> None:
    built = len(CATALOGUE.built())
    seen = sightings(fleet_service="not started", tracker_ms="not started")
    after = [Check(section="EVENTS", title="End to end", passed=False, detail="Not tried: location-ms", counts=False)]
    shown = unstyled("\n".join(report(CATALOGUE, seen, (), after)))
    assert f"Passed Checks:    {built - 2}/{built - 2}" in shown
    assert "○ Not started (why)" in shown
    assert "○ Not tried: location-ms" in shown
    assert f"Not Started:      2 of {len(CATALOGUE.services)} services (--only)" in shown
    assert "ALL STARTED SERVICES HEALTHY" in shown
