"""Entity tags (RFC 9110, section 8.8.3): versions of things, in If-Match and If-None-Match."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, Literal

from msgspec import Struct

from nexus_actors.http.problem import HttpProblem, malformed

_ITEM: Final = re.compile(r'[ \t,]*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?:,|$)')
_VERSION: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_MAX_VERSION: Final = 2**53
_DIGEST_BYTES: Final = 12


class EntityTag(Struct, frozen=True):
    """One entity tag; a weak one never matches where bytes matter."""

    tag: str
    weak: bool = False

    def header(self) -> str:
        """The tag as it stands in a header."""
        return f'{"W/" if self.weak else ""}"{self.tag}"'


def tag_of(result: object, body: bytes) -> EntityTag:
    """The tag of a result: its version where it has one, else a digest of its body."""
    version = getattr(result, "version", None)
    if type(version) is int:
        return EntityTag(str(version))
    return EntityTag("h" + blake2b(body, digest_size=_DIGEST_BYTES).hexdigest())


def version_tag(result: object) -> EntityTag | None:
    """The tag of a result that has a version."""
    version = getattr(result, "version", None)
    return EntityTag(str(version)) if type(version) is int else None


def parse_tags(headers: Sequence[str], name: str) -> tuple[EntityTag, ...] | Literal["*"]:
    """The tags of a conditional header; none where it was not sent.

    Args:
        headers: the values of that header.
        name: its name, for the message.

    Raises:
        HttpProblem: 400; the header is of another form than ``*`` or a list of quoted tags.
    """
    text = ", ".join(headers).strip(" \t")
    if text == "*":
        return "*"
    tags: list[EntityTag] = []
    position = 0
    while position < len(text):
        match = _ITEM.match(text, position)
        if match is None:
            raise malformed(f'{name} is neither * nor a list of tags in double quotes, such as "3".', "etag_malformed")
        tags.append(EntityTag(match.group(2), weak=match.group(1) is not None))
        position = match.end()
    return tuple(tags)


def expected_versions(headers: Sequence[str]) -> frozenset[int] | None:
    """The versions that If-Match allows; None where any will do (``*``, or no header).

    Raises:
        HttpProblem: 400, see `parse_tags`; 412 where no tag can be that of a version: weak ones and others never match.
    """
    tags = parse_tags(headers, "If-Match")
    if not tags or tags == "*":
        return None
    versions = frozenset(int(t.tag) for t in tags if not t.weak and _VERSION.fullmatch(t.tag) and int(t.tag) < _MAX_VERSION)
    if not versions:
        raise HttpProblem(412, "version_mismatch", "No tag in If-Match is that of a version. Read the thing and use its ETag.")
    return versions


def expected_version(headers: Sequence[str]) -> int | None:
    """The one version that If-Match allows; None where any will do.

    Raises:
        HttpProblem: as `expected_versions`; 400 where several versions are allowed: a change is made to one.
    """
    versions = expected_versions(headers)
    if versions is None:
        return None
    if len(versions) > 1:
        raise malformed("If-Match names several versions. Name the one that you have read.", "several_versions")
    return next(iter(versions))


def is_unchanged(tag: EntityTag, headers: Sequence[str]) -> bool:
    """Whether If-None-Match says that the client has this already (weak comparison; section 13.1.2).

    Raises:
        HttpProblem: 400, see `parse_tags`.
    """
    tags = parse_tags(headers, "If-None-Match")
    return tags == "*" or any(other.tag == tag.tag for other in tags)
