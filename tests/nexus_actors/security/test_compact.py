import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.security.compact import (
    MAX_TOKEN_BYTES,
    MalformedToken,
    decode_base64url,
    encode_base64url,
    parse_compact,
)
from tests.nexus_actors.security.minting import b64


def compact(header: str = '{"alg":"ES256"}', payload: str = "{}", signature: bytes = b"x") -> str:
    return f"{b64(header.encode())}.{b64(payload.encode())}.{b64(signature)}"


@given(st.binary())
def test_base64url_goes_both_ways(data: bytes) -> None:
    assert decode_base64url(encode_base64url(data)) == data


@given(st.text(alphabet="ABCDabcd0189-_=+/ \n", max_size=12))
def test_every_byte_string_has_one_spelling(text: str) -> None:
    try:
        data = decode_base64url(text)
    except MalformedToken:
        return
    assert encode_base64url(data) == text


@pytest.mark.parametrize("text", ["YQ==", "YR", "Y", "YQ\n", "Y Q", "YQ=", "Y+", "Y/", "é"])
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(MalformedToken):
        decode_base64url(text)


def test_a_token_is_taken_apart() -> None:
    parsed = parse_compact(compact('{"alg":"ES256","kid":"k"}', '{"sub":"a","n":3}'))
    assert parsed.header == {"alg": "ES256", "kid": "k"}
    assert parsed.payload == {"sub": "a", "n": 3}


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d.e",
        compact() + ".",
        compact()[:-2],
        compact().replace(".", ".."),
        " " + compact(),
        compact() + "\n",
        compact("[]"),
        compact('"alg"'),
        compact("null"),
        compact("{"),
        compact(""),
        compact("{} {}"),
        compact("﻿{}"),
        compact(payload='{"a":NaN}'),
        compact(payload='{"a":Infinity}'),
        compact(payload='{"exp":1e308}'),
        compact(payload='{"exp":1.0}'),
        compact(payload='{"exp":' + "9" * 5000 + "}"),
        compact(payload='{"sub":"a","sub":"b"}'),
        compact(payload='{"a":{"b":1,"b":1}}'),
        compact('{"alg":"ES256","alg":"none"}'),
        compact(payload='{"a":' + "[" * 2000 + "]" * 2000 + "}"),
        "ü" + compact(),
    ],
)
def test_anything_else_is_malformed(token: str) -> None:
    with pytest.raises(MalformedToken):
        parse_compact(token)


def test_bytes_that_are_no_utf8_are_malformed() -> None:
    with pytest.raises(MalformedToken):
        parse_compact(f"{b64(b'{}')}.{b64(bytes([0x7B, 0xFF, 0x7D]))}.{b64(b'x')}")


def test_a_long_token_is_not_looked_at() -> None:
    filler = "x" * MAX_TOKEN_BYTES
    with pytest.raises(MalformedToken, match="longer than"):
        parse_compact(compact(payload=json.dumps({"a": filler})))


@given(st.text(max_size=60))
def test_no_text_makes_it_raise_anything_else(text: str) -> None:
    try:
        parse_compact(text)
    except MalformedToken:
        return
    raise AssertionError(text)
