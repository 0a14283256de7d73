"""Documents of tracks, read to their end."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

import anyio

from modules.puabo_nexus.tracker.contract import Fix
from modules.puabo_nexus.tracker.domain.track import TripRules
from modules.puabo_nexus.tracker.formats.geojson_document import geojson_document
from modules.puabo_nexus.tracker.formats.gpx_document import gpx_document


def gpx(name: str, *slices: Sequence[Fix]) -> bytes:
    """A track that comes in slices as GPX."""
    return b"".join(parts_of(gpx_document(name, _given(slices), TripRules())))


def geojson(properties: Mapping[str, object], *slices: Sequence[Fix]) -> bytes:
    """A track that comes in slices as GeoJSON."""
    return b"".join(parts_of(geojson_document(_given(slices), properties, TripRules())))


def parts_of(document: AsyncGenerator[bytes, None]) -> list[bytes]:
    """The parts in which a document comes."""

    async def collect() -> list[bytes]:
        return [part async for part in document]

    return anyio.run(collect)


async def _given(slices: Sequence[Sequence[Fix]]) -> AsyncIterator[Sequence[Fix]]:
    for fixes in slices:
        yield fixes
