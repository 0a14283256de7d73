"""Entity tags: If-Match on changes, If-None-Match on reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_actors.http.etag import EntityTag, expected_version, expected_versions, is_unchanged, parse_tags, tag_of
from nexus_actors.http.problem import HttpProblem
from tests.nexus_actors.http.crates import CRATE, Crate, Note
from tests.nexus_actors.http.depot import READER, WRITER, Depot

tag_texts = st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E), max_size=8)
PATH = f"/v1/crates/{CRATE}"


@pytest.mark.anyio
async def test_a_read_is_not_repeated_while_it_is_unchanged(depot: Depot) -> None:
    first = await depot.send("GET", PATH, headers=READER)
    assert (first.status, first.headers["ETag"]) == (200, '"7"')
    for tags in ['"7"', '"6", W/"7"', "*"]:
        again = await depot.send("GET", PATH, headers={**READER, "If-None-Match": tags})
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", '"7"')
    assert (await depot.send("GET", PATH, headers={**READER, "If-None-Match": '"6"'})).status == 200
    (await depot.send("GET", PATH, headers={**READER, "If-None-Match": "7"})).problem(400, "etag_malformed")


@pytest.mark.anyio
async def test_a_read_without_a_version_is_tagged_by_its_bytes(depot: Depot) -> None:
    first = await depot.send("GET", "/v1/label/a")
    other = await depot.send("GET", "/v1/label/b")
    assert first.headers["ETag"] != other.headers["ETag"]
    tag = {"If-None-Match": first.headers["ETag"]}
    assert (await depot.send("GET", "/v1/label/a", headers=tag)).status == 304
    assert (await depot.send("HEAD", "/v1/label/a", headers=tag)).status == 304
    assert (await depot.send("GET", "/v1/label/b", headers=tag)).status == 200


@pytest.mark.anyio
async def test_the_expected_version_travels_with_the_command(depot: Depot) -> None:
    path = PATH + ":seal"
    for tags, version in [('"3"', 3), ("*", None), ('W/"2", "3"', 3), ('"0"', 0)]:
        assert (await depot.send("POST", path, headers={**WRITER, "If-Match": tags})).status == 200
        assert depot.inbox.calls[-1]["command"].expected_version == version
    await depot.send("POST", path, headers=WRITER)
    assert depot.inbox.calls[-1]["command"].expected_version is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("tags", "status", "code"),
    [
        ('"3", "4"', 400, "several_versions"),
        ("3", 400, "etag_malformed"),
        ('"3', 400, "etag_malformed"),
        ('"3" "4"', 400, "etag_malformed"),
        ('*, "3"', 400, "etag_malformed"),
        ('W/"3"', 412, "version_mismatch"),
        ('"h123"', 412, "version_mismatch"),
        ('"03"', 412, "version_mismatch"),
        ('"9999999999999999"', 412, "version_mismatch"),
    ],
)
async def test_a_wrong_if_match_changes_nothing(depot: Depot, tags: str, status: int, code: str) -> None:
    (await depot.send("POST", PATH + ":seal", headers={**WRITER, "If-Match": tags})).problem(status, code)
    assert depot.inbox.calls == []


@pytest.mark.anyio
async def test_a_change_may_allow_several_versions(depot: Depot) -> None:
    answer = await depot.send("PATCH", PATH, body={"label": "a"}, headers={**WRITER, "If-Match": '"3", "5"'})
    assert (answer.json["version"], answer.headers["ETag"]) == (5, '"5"')


def test_no_header_and_an_empty_one_allow_all() -> None:
    assert expected_version([]) is None
    assert expected_version([""]) is None
    assert expected_versions(["*"]) is None


def test_several_headers_are_one_list() -> None:
    assert expected_versions(['"1"', '"2" , ,"3"']) == frozenset({1, 2, 3})


def test_a_version_that_is_a_boolean_is_none() -> None:
    assert tag_of(Note(text="a"), b"x").tag.startswith("h")
    assert tag_of(Crate(crate_id=CRATE, label="a", version=True), b"x").tag.startswith("h")


@given(
    st.lists(st.tuples(st.text(st.characters(min_codepoint=0x23, max_codepoint=0x7E), max_size=8), st.booleans()), min_size=1)
)
def test_tags_are_read_back(pairs: list[tuple[str, bool]]) -> None:
    tags = tuple(EntityTag(tag, weak) for tag, weak in pairs)
    assert parse_tags([", ".join(tag.header() for tag in tags)], "If-Match") == tags
    assert is_unchanged(tags[-1], [tag.header() for tag in tags])


@given(st.text(st.characters(max_codepoint=0xFF), max_size=30))
def test_any_header_is_read_or_refused(text: str) -> None:
    try:
        parse_tags([text], "If-Match")
    except HttpProblem as refused:
        assert refused.code == "etag_malformed"  # noqa: PT017 - most texts are refused, some are not
