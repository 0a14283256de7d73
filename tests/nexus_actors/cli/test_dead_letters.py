"""What `nexus dead-letters show` prints."""

import pytest

from nexus_actors.cli.terminal.letters import described
from nexus_actors.dead_letters import OpenedLetter
from tests.nexus_actors.test_letter_content import LETTER, opened

ACCOUNT = {"email": "ana@example.org", "sealed_password": "c2VhbGVk", "roles": ["member"] * 200}


def test_secrets_and_people_are_masked_unless_all_is_asked_for() -> None:
    letter = opened(ACCOUNT)
    masked, raw = described(letter, raw=False), described(letter, raw=True)
    for hidden in ("ana@example.org", "c2VhbGVk"):
        assert hidden not in masked
        assert hidden in raw
    assert '"sealed_password": "***"' in masked
    assert "and 100 more" in masked
    assert raw.count('"member"') == 200
    assert "message_id  01950000" in masked


@pytest.mark.parametrize("raw", [False, True])
def test_what_is_no_envelope_is_shown_as_text(raw: bool) -> None:
    body = b'{"password": "hunter22", "to": "ana@example.org"}'
    text = described(OpenedLetter(letter=LETTER, error="", envelope=None, body=body), raw=raw)
    assert ("hunter22" in text, "ana@example.org" in text) == (raw, raw)
    assert "It did not fail itself" in text
