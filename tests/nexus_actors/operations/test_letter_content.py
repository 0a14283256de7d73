"""What an operator sees of a dead letter."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from bus import Envelope
from bus.codec import encode_envelope
from nexus_actors.operations.dead_letters import DeadLetter, OpenedLetter
from nexus_actors.operations.letter_content import content_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ID = UUID("01950000-0000-7000-8000-000000000001")
TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
LETTER = DeadLetter(
    number=1,
    service="lathe-ms",
    message_id=ID,
    type="nexus.lathe-ms.cut.v1",
    tenant="main",
    key="a",
    partition=1,
    stream="{lathe-ms:1}:commands",
    behind=False,
    released=False,
    cause="",
    attempts=1,
    parked_at=NOW,
)


def opened(data: object) -> OpenedLetter:
    envelope = Envelope(
        specversion="1.0",
        id=ID,
        source="test",
        type=LETTER.type,
        subject="a",
        time=NOW,
        data=Raw(msgspec.json.encode(data)),
        principal="ana",
    )
    return OpenedLetter(letter=LETTER, error="", envelope=envelope, body=encode_envelope(envelope))


def shown(data: object) -> Any:
    envelope = content_of(opened(data)).envelope
    assert envelope is not None
    return envelope["data"]


def test_the_envelope_is_that_of_the_wire_with_its_data() -> None:
    content = content_of(opened({"part": "rod", "count": 2}))
    assert content.envelope == {
        "specversion": "1.0",
        "id": str(ID),
        "source": "test",
        "type": "nexus.lathe-ms.cut.v1",
        "subject": "a",
        "time": "2026-03-01T00:00:00Z",
        "data": {"part": "rod", "count": 2},
        "principal": "ana",
    }
    assert content.text is None


@pytest.mark.parametrize(
    ("data", "masked"),
    [
        ({"refresh_token": "hunter22"}, {"refresh_token": "***"}),
        ({"login": [{"password": "hunter22"}]}, {"login": [{"password": "***"}]}),
        ({"note": f"sent {TOKEN}"}, {"note": "sent ***"}),
        ({"sealed_key": "AAEC", "key_hash": "0f"}, {"sealed_key": "***", "key_hash": "***"}),
        ({"url": "redis://:hunter22@cache/0"}, {"url": "redis://:***@cache/0"}),
    ],
)
def test_secrets_are_masked(data: object, masked: object) -> None:
    assert shown(data) == masked


@pytest.mark.parametrize(
    ("data", "masked"),
    [
        ({"email": "Ana <ana@example.org>"}, {"email": "***"}),
        ({"phone": "+385912345678", "licence_number": None}, {"phone": "***", "licence_number": None}),
        ({"address": "ana.horvat@mail.example.org"}, {"address": "***"}),
        ({"notes": ["ask ana@example.org, or Ivo"], "at": "3 @ 4"}, {"notes": ["ask ***, or Ivo"], "at": "3 @ 4"}),
    ],
)
def test_what_identifies_people_is_masked(data: object, masked: object) -> None:
    assert shown(data) == masked


def test_errors_tell_no_addresses() -> None:
    letter = replace(LETTER, cause="ValueError: ana@example.org bounced")
    content = content_of(replace(opened({}), letter=letter, error="Traceback\nValueError: ana@example.org bounced"))
    assert (content.letter.cause, content.error) == ("ValueError: *** bounced", "Traceback\nValueError: *** bounced")


def test_long_data_are_cut() -> None:
    assert len(msgspec.json.encode(shown({"fixes": [1] * 100_000, "note": "x" * 1_000_000}))) < 10_000


@given(st.binary(max_size=200))
def test_what_is_no_envelope_is_shown_as_text(body: bytes) -> None:
    content = content_of(OpenedLetter(letter=LETTER, error="", envelope=None, body=body))
    assert content.envelope is None
    assert msgspec.json.decode(msgspec.json.encode(content))["text"] == content.text
