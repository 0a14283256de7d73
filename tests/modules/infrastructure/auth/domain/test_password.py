import pytest

from bus import Refusal
from modules.infrastructure.auth.domain.password import MAX_BYTES, check_password, is_verifiable, prepared


@pytest.mark.parametrize(
    "password", ["tractor-violet-monsoon", "9f!kQz#2mVb8", "четыре слова подряд тут", "  spaces  count  too  "]
)
def test_strong_passwords_pass(password: str) -> None:
    check_password(password, ["ana", "example"])


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "password_too_short"),
        ("9f!kQz#2m", "password_too_short"),
        ("password123", "password_too_weak"),
        ("qwertyuiop", "password_too_weak"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "password_too_weak"),
        ("1234567890123", "password_too_weak"),
        ("ana.kovacevic", "password_too_weak"),
        ("x" * (MAX_BYTES + 1), "password_too_long"),
        ("é" * 600, "password_too_long"),
        ("tractor-violet\ud800", "password_too_long"),
        ("tractor-violet\x07-monsoon", "password_no_text"),
        ("tractor-violet\u0378-monsoon", "password_no_text"),
        ("e\u0301" * 9, "password_too_short"),
    ],
)
def test_weak_and_unusable_ones_do_not(password: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_password(password, ["ana", "kovacevic", "ana.kovacevic"])
    assert (caught.value.kind, caught.value.code) == ("invalid", code)
    assert password not in str(caught.value) or not password


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("e\u0301", "\xe9"),
        ("a\u00a0b\u3000c\u1680d", "a b c d"),
        ("\uff21\ufb01", "\uff21\ufb01"),
        ("Stra\xdfe I\u0307", "Stra\xdfe \u0130"),
        ("tab\tkept", "tab\tkept"),
    ],
)
def test_what_is_compared_is_an_opaque_string(typed: str, form: str) -> None:
    assert (prepared(typed), prepared(form)) == (form, form)


def test_a_megabyte_is_not_hashed() -> None:
    assert not is_verifiable("a" * 1_000_000)
    assert is_verifiable("a" * MAX_BYTES)
