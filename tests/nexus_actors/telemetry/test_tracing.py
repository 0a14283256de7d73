"""W3C Trace Context, level 1: what is read, what is refused, what is sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.telemetry.tracing import TraceContext

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{SPAN}-01"


def test_a_valid_header_is_read_and_sent_as_it_was() -> None:
    context = TraceContext.parse(HEADER, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")
    assert context == TraceContext(TRACE, SPAN, sampled=True, state="rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")
    assert context.header() == HEADER


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-001",
        f"00-{TRACE}-{SPAN}-.0",
        f"00-{TRACE}-{SPAN}-0.",
        f"00-{TRACE}-{SPAN}-01-",
        f"00-{TRACE}-{SPAN}-01-what-the-future-will-be-like",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN.upper()}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
        f"00-{TRACE}-{SPAN[:-1]}-01",
        f"00_{TRACE}_{SPAN}_01",
        f"ff-{TRACE}-{SPAN}-01",
        f"0-{TRACE}-{SPAN}-01",
        f"0g-{TRACE}-{SPAN}-01",
        f"cc-{TRACE}-{SPAN}-01.what-the-future-will-be-like",
        f"{HEADER},{HEADER}",
        f" {HEADER}",
        f"{HEADER}\n",
        f"00-{TRACE}-{SPAN}-0\u0661",
    ],
)
def test_a_header_that_breaks_the_format_is_no_context(header: str | None) -> None:
    assert TraceContext.parse(header, "rojo=1") is None


@pytest.mark.parametrize("header", [f"cc-{TRACE}-{SPAN}-01", f"01-{TRACE}-{SPAN}-01-more", f"cc-{TRACE}-{SPAN}-01-"])
def test_a_later_version_is_read_as_far_as_it_is_known_and_sent_as_ours(header: str) -> None:
    context = TraceContext.parse(header)
    assert context is not None
    assert context.header() == HEADER


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("03", True), ("fe", False), ("ff", True)])
def test_only_the_flag_that_is_defined_is_read_and_sent(flags: str, sampled: bool) -> None:
    context = TraceContext.parse(f"00-{TRACE}-{SPAN}-{flags}")
    assert context is not None
    assert context.sampled is sampled
    assert context.header().endswith("-01" if sampled else "-00")


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ("foo=1", "foo=1"),
        ("foo=1 \t , \t bar=2", "foo=1,bar=2"),
        ("foo=1,,bar=2,", "foo=1,bar=2"),
        ("fw529a3039@dt=FfAAA,0@a=x", "fw529a3039@dt=FfAAA,0@a=x"),
        ("foo=1,foo=2", ""),
        ("foo=1,foo=1", ""),
        ("foo", ""),
        ("foo=", ""),
        ("foo =1", ""),
        ("FOO=1", ""),
        ("foo=bar=baz", ""),
        ("foo@=1,bar=2", ""),
        ("@foo=1,bar=2", ""),
        ("foo@@bar=1", ""),
        ("foo=\u00e9", ""),
        ("a" * 257 + "=1", ""),
        ("a" * 256 + "=1", "a" * 256 + "=1"),
        ("t" * 242 + "@v=1", ""),
        ("t@" + "v" * 15 + "=1", ""),
        ("foo=" + "v" * 257, ""),
        ("foo=" + "v" * 256, "foo=" + "v" * 256),
        (",".join(f"k{n}=1" for n in range(32)), ",".join(f"k{n}=1" for n in range(32))),
        (",".join(f"k{n}=1" for n in range(33)), ""),
    ],
)
def test_the_state_of_vendors_is_kept_whole_or_dropped(state: str, kept: str) -> None:
    context = TraceContext.parse(HEADER, state)
    assert context is not None
    assert context.state == kept


def test_a_child_keeps_the_trace_and_the_state_and_takes_a_span_of_its_own() -> None:
    parent = TraceContext(TRACE, SPAN, sampled=False, state="foo=1")
    child = parent.child(bytes(range(8)))
    assert (child.trace_id, child.span_id) == (TRACE, "0001020304050607")
    assert (child.sampled, child.state) == (False, "foo=1")


@pytest.mark.parametrize("random", [b"", b"\x01" * 23, b"\x01" * 25, bytes(24), b"\x01" * 16 + bytes(8)])
def test_a_new_trace_refuses_a_broken_random_source(random: bytes) -> None:
    with pytest.raises(ValueError, match=r"random|zeros"):
        TraceContext.new(random)


@pytest.mark.parametrize("random", [b"", b"\x01" * 7, bytes(8)])
def test_a_child_refuses_a_broken_random_source(random: bytes) -> None:
    with pytest.raises(ValueError, match=r"random|zeros"):
        TraceContext(TRACE, SPAN).child(random)


@given(st.binary(min_size=24, max_size=24).filter(lambda b: any(b[:16]) and any(b[16:])), st.booleans())
def test_what_is_sent_is_read_back(random: bytes, sampled: bool) -> None:
    context = TraceContext.new(random, sampled=sampled)
    assert TraceContext.parse(context.header()) == context


@given(st.text(), st.text())
def test_no_text_breaks_the_reader(header: str, state: str) -> None:
    assert TraceContext.parse(header, state) is None
    context = TraceContext.parse(HEADER, state)
    assert context is not None
    again = TraceContext.parse(HEADER, context.state)
    assert again == context
