"""What `nexus status` prints."""

from datetime import UTC, datetime, timedelta

import pytest

from modules.catalogue import CATALOGUE
from nexus_actors.cli.status import shown_lag, told_waiting
from nexus_actors.cli.terminal.screen import unstyled
from nexus_actors.cli.terminal.services import services_table
from nexus_actors.local.health import Sighting
from nexus_actors.operations.waiting import Waiting


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (0.099, "0 s"), (0.1, "0.1 s"), (59.94, "59.9 s"), (60, "1 min 0 s"), (7_260, "2 h 1 min")],
)
def test_a_lag_is_told_in_words(seconds: float, text: str) -> None:
    assert shown_lag(seconds) == text


def test_each_service_has_its_partitions_and_its_lag() -> None:
    seen = [
        Sighting(service="fleet-service", port=8080, state="healthy", version="1"),
        Sighting(service="wallet-ms", port=3000, state="not built"),
    ]
    text = services_table(CATALOGUE, seen, [("PARTITIONS", {"fleet-service": "8/8"}), ("LAG", {"fleet-service": "3.5 s"})])
    head, fleet, wallet = unstyled(text).splitlines()
    assert head.split()[-2:] == ["PARTITIONS", "LAG"]
    assert fleet.split()[-3:] == ["8/8", "3.5", "s"]
    assert wallet.endswith("not built")
    assert unstyled(services_table(CATALOGUE, seen)).splitlines()[0].endswith("VERSION")


@pytest.mark.parametrize(("keys", "words"), [(1, "1 key waits"), (3, "3 keys wait")])
def test_what_waits_is_told_with_its_cause(keys: int, words: str) -> None:
    since = datetime(2026, 1, 1, 12, tzinfo=UTC)
    found = Waiting(keys, since, "nexus.a-ms.go.v2", "no contract of this release declares nexus.a-ms.go.v2")
    told = told_waiting("a-ms", found, since + timedelta(seconds=90))
    assert told == (
        f"a-ms: {words}, the first for 1 min 30 s with nexus.a-ms.go.v2: no contract of this release declares nexus.a-ms.go.v2."
    )
