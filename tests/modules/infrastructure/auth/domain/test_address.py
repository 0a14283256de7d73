import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus import Refusal
from modules.infrastructure.auth.domain.address import normal_address


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ana@example.org", "ana@example.org"),
        ("  Ana.Kovac+x@EXAMPLE.org ", "ana.kovac+x@example.org"),
        ("ana@ｅｘａｍｐｌｅ.org", "ana@example.org"),
        ("a\u0308nna@example.org", "\xe4nna@example.org"),
        ("admin@localhost", "admin@localhost"),
        ("STRASSE@example.org", "strasse@example.org"),
        ("Straße@example.org", "straße@example.org"),
        ("ana@MÜLLER.de", "ana@xn--mller-kva.de"),
        ("ana@mu\u0308ller.de", "ana@xn--mller-kva.de"),
        ("ana@XN--Mller-kva.de", "ana@xn--mller-kva.de"),
        ("ana@straße.de", "ana@xn--strae-oqa.de"),
        ("ana@strasse.de", "ana@strasse.de"),
        ("ana@bücher。example", "ana@xn--bcher-kva.example"),
        ("\u0130ana@example.org", "i\u0307ana@example.org"),
        ("ana@mail_1.r3---sn.example", "ana@mail_1.r3---sn.example"),
        ("o'hara@sub.example.co.uk", "o'hara@sub.example.co.uk"),
    ],
)
def test_spellings_of_one_mailbox_are_one_address(text: str, normal: str) -> None:
    assert normal_address(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "ana",
        "ana@",
        "@example.org",
        "ana kovac@example.org",
        "ana@exa mple.org",
        "ana@example..org",
        "ana@.org",
        "ana@-example.org",
        "ana@example-.org",
        ".ana@example.org",
        "ana.@example.org",
        "a..b@example.org",
        "ana\x00@example.org",
        "ana\u202e@example.org",
        "ana@example.org\x00",
        "ana@\u2615.example",
        "ana@xn--a.example",
        "ana@xn--strasse-.de",
        "ana@a\u200db.example",
        "ana@" + "ü" * 60 + ".example",
        '"ana"@example.org',
        "ana@[127.0.0.1]",
        "ana@ev.il,example.org",
        "a" * 65 + "@example.org",
        "a@" + "b" * 64 + ".org",
        "a@" + "b." * 130 + "org",
        "ana@example.org@evil.example/..",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        normal_address(text)
    assert (caught.value.kind, caught.value.code) == ("invalid", "invalid_email")


@given(st.text(max_size=40))
def test_the_normal_form_is_its_own_normal_form(text: str) -> None:
    try:
        normal = normal_address(text)
    except Refusal:
        return
    assert normal_address(normal) == normal
