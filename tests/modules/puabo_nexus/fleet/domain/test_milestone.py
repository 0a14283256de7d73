"""What passing through a status leaves and tells."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from msgspec.structs import replace

from modules.puabo_nexus.fleet.contract import Delivery, DeliveryStatus, Place
from modules.puabo_nexus.fleet.domain.milestone import news_of, passed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DELIVERY = Delivery(
    delivery_id=UUID(int=1),
    status="assigned",
    pickup=Place(name="here", lat=0.0, lon=0.0),
    dropoff=Place(name="there", lat=1.0, lon=1.0),
    requested_at=NOON,
    vehicle_id=UUID(int=2),
    driver_id=UUID(int=3),
)


def test_all_statuses_passed_at_once_get_the_same_instant() -> None:
    after = passed(DELIVERY, ("at_pickup", "picked_up"), NOON)

    assert after == replace(DELIVERY, status="picked_up", arrived_at=NOON, picked_up_at=NOON)


@pytest.mark.parametrize("status", ["requested", "assigned", "cancelled"])
def test_no_crossing_leads_to_what_people_decide(status: DeliveryStatus) -> None:
    with pytest.raises(ValueError, match="No crossing leads"):
        news_of(DELIVERY, status, NOON)


def test_there_is_no_news_of_what_nobody_carries() -> None:
    with pytest.raises(ValueError, match="carried by nobody"):
        news_of(replace(DELIVERY, vehicle_id=None), "delivered", NOON)
