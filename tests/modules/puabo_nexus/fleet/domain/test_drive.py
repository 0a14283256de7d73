"""Motion and odometer of a vehicle, from news of its trips."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.puabo_nexus.fleet.domain.drive import Drive, TripNews, ended_trip, follow, removed_trip, running_trip

ONE, TWO = UUID(int=1), UUID(int=2)


def told(*news: TripNews) -> Drive:
    """The vehicle after all the news, with the ledger of counted trips that the actor keeps."""
    drive, counted = Drive(), dict[UUID, int]()
    for item in news:
        drive = follow(drive, item, counted.get(item.trip_id, 0))
        counted[item.trip_id] = item.distance_m
    return drive


def test_a_trip_makes_a_vehicle_move_until_it_ends() -> None:
    assert told(running_trip(ONE)) == Drive(trip_id=ONE)
    assert told(running_trip(ONE), ended_trip(ONE, 1200.4)) == Drive(odometer_m=1200)


def test_the_end_of_an_earlier_trip_leaves_the_running_one() -> None:
    assert told(running_trip(TWO), ended_trip(ONE, 10)) == Drive(trip_id=TWO, odometer_m=10)


def test_a_trip_that_turns_out_to_go_on_is_not_counted_until_it_ends() -> None:
    assert told(ended_trip(ONE, 500), running_trip(ONE)) == Drive(trip_id=ONE)
    assert told(ended_trip(ONE, 500), running_trip(ONE), ended_trip(ONE, 800)) == Drive(odometer_m=800)


def test_a_trip_that_never_was_is_taken_back() -> None:
    assert told(ended_trip(ONE, 500), ended_trip(TWO, 40), removed_trip(ONE)) == Drive(odometer_m=40)
    assert told(running_trip(ONE), removed_trip(ONE)) == Drive()


@pytest.mark.parametrize(("told_m", "counted_m"), [(0.4, 0), (0.6, 1), (-3.0, 0), (2735.96, 2736)])
def test_lengths_count_in_whole_metres(told_m: float, counted_m: int) -> None:
    assert told(ended_trip(ONE, told_m)).odometer_m == counted_m


trips = st.integers(1, 3).map(lambda number: UUID(int=number))
news_items = st.one_of(
    st.builds(running_trip, trips),
    st.builds(removed_trip, trips),
    st.builds(ended_trip, trips, st.floats(0, 1e6)),
)


@given(st.lists(news_items, max_size=12))
def test_the_odometer_is_the_sum_of_the_latest_lengths(news: list[TripNews]) -> None:
    latest = {item.trip_id: item.distance_m for item in news}

    assert told(*news).odometer_m == sum(latest.values())


@given(st.lists(news_items, max_size=8))
def test_news_twice_changes_nothing(news: list[TripNews]) -> None:
    assert told(*(twin for item in news for twin in (item, item))) == told(*news)
