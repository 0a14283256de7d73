"""What `nexus status` prints."""

import click
import pytest

from modules.catalogue import CATALOGUE
from nexus_actors.cli.status import shown_lag
from nexus_actors.cli.terminal.services import services_table
from nexus_actors.local.health import Sighting


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
    head, fleet, wallet = click.unstyle(text).splitlines()
    assert head.split()[-2:] == ["PARTITIONS", "LAG"]
    assert fleet.split()[-3:] == ["8/8", "3.5", "s"]
    assert wallet.endswith("not built")
    assert click.unstyle(services_table(CATALOGUE, seen)).splitlines()[0].endswith("VERSION")
