"""How fast a vehicle may be for its fixes to be believed."""

from uuid import UUID

import pytest

from nexus_actors.testing import HttpProbe
from tests.modules.puabo_nexus.tracker.drives import fix

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("limit", "accepted"), [(None, 2), (25.0, 1), (69.0, 2), (95.0, 3), (1000.0, 4)])
async def test_how_fast_a_vehicle_may_be_is_a_matter_of_the_vehicle(
    probe: HttpProbe, vehicle_id: UUID, limit: float | None, accepted: int
) -> None:
    """A lorry, a car on a motorway, a train at 90 m/s and an aeroplane: what is too fast for one is not for another."""
    path = f"/v1/vehicles/{vehicle_id}/limits"
    limits = {"vehicle_id": str(vehicle_id), "max_speed_mps": limit}
    assert (await probe.get(path)).json() == {"vehicle_id": str(vehicle_id), "max_speed_mps": None}
    answer = await probe.send("PUT", path, {"max_speed_mps": limit})
    assert (answer.status, answer.json()) == (200, limits)
    assert (await probe.get(path)).json() == limits
    fixes = [fix(0), fix(30, 1_500), fix(60, 4_200), fix(61, 4_800)]
    answer = await probe.post(f"/v1/vehicles/{vehicle_id}/positions", {"fixes": fixes})
    assert answer.json()["accepted"] == accepted
