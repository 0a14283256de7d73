"""Events on one line."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

from msgspec import Raw

from bus import Envelope
from bus.codec import Contracts
from bus.envelope import seal
from nexus_actors.cli.tail import shown
from nexus_actors.cli.terminal.screen import unstyled
from tests.nexus_actors.runtime.counter import Noted

ID = UUID("018f0000-0000-7000-8000-000000000001")
ENVELOPE = seal(
    Noted(counter="a", by=1, total=2),
    message_id=ID,
    source="counter-ms",
    now=datetime(2026, 3, 2, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1))),
)


def line(envelope: Envelope) -> str:
    return unstyled(shown(envelope, Contracts([Noted])))


def test_an_event_is_shown_with_time_type_key_id_and_content() -> None:
    expected = f'07:00:00.123 counter-ms.noted.v1 a {ID} {{"counter":"a","by":1,"total":2}}'
    assert line(ENVELOPE) == expected


def test_one_of_an_unknown_type_is_shown_as_it_is() -> None:
    text = line(ENVELOPE.replace(type="nexus.counter-ms.else.v1", data=Raw(b'{"x":1}')))
    assert '{"x":1} (' in text
    assert "no contract of this release declares" in text


def test_what_its_contract_cannot_read_is_shown_all_the_same() -> None:
    assert '{"counter":7} (' in line(ENVELOPE.replace(data=Raw(b'{"counter":7}'), time=datetime(2026, 1, 1, tzinfo=UTC)))
