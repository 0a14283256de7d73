from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from modules.infrastructure.auth.domain.key_schedule import (
    KEY_LIFE,
    LINGER,
    PUBLISH_LEAD,
    SPREAD,
    RingKey,
    Rotation,
    active_key,
    add_key,
    needs_key,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ALG = "ES256"


def add(ring: list[RingKey], rotation: Rotation, now: datetime, alg: str = ALG) -> list[RingKey]:
    change = add_key(ring, alg, rotation, now)
    if change is None:
        return ring
    kept = [replace(key, retires_at=change.retired.get(key.kid, key.retires_at)) for key in ring]
    return [*kept, RingKey(kid=f"k{len(ring)}", alg=alg, activates_at=change.activates_at)]


def active(ring: list[RingKey], now: datetime) -> str:
    key = active_key(ring, ALG, now)
    assert key is not None
    return key.kid


def test_the_first_key_signs_at_once() -> None:
    assert needs_key([], ALG, NOW)
    assert active(add([], "due", NOW), NOW) == "k0"


def test_a_successor_is_published_a_day_ahead_and_takes_over_after_thirty() -> None:
    ring = add([], "due", NOW)
    almost = NOW + KEY_LIFE - PUBLISH_LEAD - timedelta(seconds=1)
    assert add(ring, "due", almost) == ring
    due = NOW + KEY_LIFE - PUBLISH_LEAD
    ring = add(ring, "due", due)
    assert len(ring) == 2
    assert not needs_key(ring, ALG, due)
    change_over = NOW + KEY_LIFE
    assert active(ring, change_over - timedelta(seconds=1)) == "k0"
    assert active(ring, change_over) == "k1"
    assert ring[0].retires_at == change_over + LINGER


def test_a_key_whose_successor_was_missed_still_gives_it_a_day_of_notice() -> None:
    late = NOW + KEY_LIFE + timedelta(days=10)
    ring = add(add([], "due", NOW), "due", late)
    assert active(ring, late) == "k0"
    assert ring[1].activates_at == late + PUBLISH_LEAD


def test_a_rotation_on_demand_takes_seconds_and_keeps_old_tokens_good() -> None:
    ring = add(add([], "due", NOW), "now", NOW + timedelta(days=1))
    assert ring[1].activates_at == NOW + timedelta(days=1) + SPREAD
    assert ring[0].retires_at == ring[1].activates_at + LINGER


def test_a_rotation_on_demand_drops_a_successor_that_has_not_signed() -> None:
    later = NOW + KEY_LIFE - PUBLISH_LEAD
    ring = add(add(add([], "due", NOW), "due", later), "now", later)
    assert ring[1].retires_at == ring[2].activates_at
    assert active(ring, later + SPREAD) == "k2"


def test_in_an_emergency_all_keys_of_the_algorithm_end_at_once() -> None:
    other = RingKey(kid="rsa", alg="RS256", activates_at=NOW)
    later = NOW + KEY_LIFE - PUBLISH_LEAD
    ring = add([other, *add(add([], "due", NOW), "due", later)], "emergency", later)
    assert [key.retires_at for key in ring] == [None, later, later, None]
    assert active(ring, later) == "k3"


@given(st.lists(st.tuples(st.sampled_from(["due", "now", "emergency"]), st.integers(0, 60 * 24 * 40)), max_size=15))
def test_there_is_always_a_key_and_it_outlives_its_tokens(steps: list[tuple[Rotation, int]]) -> None:
    ring, now = add([], "due", NOW), NOW
    for rotation, minutes in steps:
        signer, signed_at = active_key(ring, ALG, now), now
        now += timedelta(minutes=minutes)
        before = ring
        ring = add(ring, rotation, now)
        key = active_key(ring, ALG, now)
        assert key is not None
        assert needs_key(ring, ALG, now) is False
        if rotation != "emergency" and signer is not None:
            kept = next(candidate for candidate in ring if candidate.kid == signer.kid)
            earlier = next(candidate for candidate in before if candidate.kid == signer.kid)
            assert kept.retires_at is None or kept.retires_at >= min(signed_at + LINGER, earlier.retires_at or kept.retires_at)
