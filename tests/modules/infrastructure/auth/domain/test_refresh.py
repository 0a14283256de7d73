import base64
from binascii import crc32
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from modules.infrastructure.auth.domain.refresh import (
    ABSOLUTE_LIFE,
    IDLE_LIFE,
    PREFIX,
    REPLAY_WINDOW,
    Family,
    RefreshToken,
    Step,
    read_token,
    renew,
    write_token,
)
from nexus_actors.security.compact import MalformedToken
from tests.thorough import times

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY, OLD_KEY = b"k" * 32, b"o" * 32
SECOND = timedelta(seconds=1)
FRESH = Family(renewed_at=NOW, opened_at=NOW)


@given(st.uuids(), st.uuids(), st.integers(0, 2**53 - 1))
def test_a_token_goes_both_ways_and_has_one_text(user_id: UUID, session_id: UUID, counter: int) -> None:
    token = RefreshToken(user_id, session_id, counter)
    text = write_token(token, KEY)
    assert read_token(text, (KEY,)) == token
    assert text == write_token(token, KEY)
    assert len(text) <= 128


@given(st.integers(0, 90), st.integers(1, 255))
def test_a_token_with_any_byte_changed_is_refused(position: int, change: int) -> None:
    text = write_token(RefreshToken(uuid4(), uuid4(), 7), KEY)
    data = bytearray(base64.urlsafe_b64decode(text[len(PREFIX) :] + "=="))
    data[position % len(data)] ^= change
    with pytest.raises(MalformedToken):
        read_token(PREFIX + base64.urlsafe_b64encode(bytes(data)).rstrip(b"=").decode(), (KEY,))


def test_a_counter_moved_on_with_a_right_checksum_is_refused() -> None:
    text = write_token(RefreshToken(uuid4(), uuid4(), 7), KEY)
    body = bytearray(base64.urlsafe_b64decode(text[len(PREFIX) :] + "==")[:-4])
    body[33] += 1
    forged = bytes(body) + crc32(body).to_bytes(4, "big")
    with pytest.raises(MalformedToken, match="not issued here"):
        read_token(PREFIX + base64.urlsafe_b64encode(forged).rstrip(b"=").decode(), (KEY,))


def test_tokens_of_an_old_key_are_read_while_that_is_kept() -> None:
    text = write_token(RefreshToken(uuid4(), uuid4(), 1), OLD_KEY)
    assert read_token(text, (KEY, OLD_KEY)).counter == 1
    with pytest.raises(MalformedToken):
        read_token(text, (KEY,))


@pytest.mark.parametrize("text", ["", "nxr_", "nxr_AAAA", "nxs_" + "A" * 40, "nxr_" + "A" * 200, "nxr_AA=="])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(MalformedToken):
        read_token(text, (KEY,))


@given(st.text(max_size=100))
def test_no_text_makes_it_raise_anything_else(text: str) -> None:
    with pytest.raises(MalformedToken):
        read_token(PREFIX + text, (KEY,))


def test_the_usable_token_gives_the_next_one() -> None:
    step, family = renew(FRESH, 0, NOW + SECOND)
    assert (step, family.counter, family.renewed_at) == ("renewed", 1, NOW + SECOND)


def test_a_repeat_in_the_window_gives_the_same_successor() -> None:
    _, family = renew(FRESH, 0, NOW)
    for _ in range(100):
        assert renew(family, 0, NOW + REPLAY_WINDOW) == ("replayed", family)


def test_a_repeat_after_the_window_is_reuse() -> None:
    _, family = renew(FRESH, 0, NOW)
    assert renew(family, 0, NOW + REPLAY_WINDOW + timedelta(microseconds=1))[0] == "reused"


def test_an_older_token_is_reuse_even_in_the_window() -> None:
    _, family = renew(FRESH, 0, NOW)
    _, family = renew(family, 1, NOW)
    assert renew(family, 0, NOW)[0] == "reused"


def test_a_token_that_was_never_given_out_changes_nothing() -> None:
    assert renew(FRESH, 1, NOW) == ("ahead", FRESH)


@pytest.mark.parametrize(("after", "step"), [(IDLE_LIFE - SECOND, "renewed"), (IDLE_LIFE, "expired")])
def test_a_session_that_idles_ends(after: timedelta, step: Step) -> None:
    assert renew(FRESH, 0, NOW + after)[0] == step


def test_a_session_ends_after_thirty_days_however_busy() -> None:
    family, now = FRESH, NOW
    while now + timedelta(days=6) < NOW + ABSOLUTE_LIFE:
        now += timedelta(days=6)
        step, family = renew(family, family.counter, now)
        assert step == "renewed"
    assert renew(family, family.counter, NOW + ABSOLUTE_LIFE)[0] == "expired"


class Sessions(RuleBasedStateMachine):
    """Clients that lose answers, repeat, race and steal. What they are given must never fork the session."""

    texts = Bundle("texts")

    @initialize(target=texts)
    def log_in(self) -> str:
        self.now = NOW
        self.family = FRESH
        self.open = True
        self.user_id, self.session_id = uuid4(), uuid4()
        self.given = [0]
        return self.text(0)

    def text(self, counter: int) -> str:
        return write_token(RefreshToken(self.user_id, self.session_id, counter), KEY)

    @rule(seconds=st.integers(0, 30))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(target=texts, text=texts)
    def use(self, text: str) -> str:
        if not self.open:
            return text
        counter = read_token(text, (KEY,)).counter
        before = self.family
        step, self.family = renew(self.family, counter, self.now)
        match step:
            case "renewed":
                assert counter == before.counter
                self.given.append(self.family.counter)
            case "replayed":
                assert counter == before.counter - 1
                assert self.family.counter == before.counter
            case "reused":
                assert counter < before.counter
                self.open = False
                return text
            case _:
                raise AssertionError(step)
        return self.text(self.family.counter)

    @invariant()
    def counters_have_no_gaps_and_one_is_usable(self) -> None:
        assert self.given == list(range(self.family.counter + 1))


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=times(usual=20, thorough=120), stateful_step_count=40, deadline=None)
