"""Recordings as others write them: GPX with a line for each point."""

from collections.abc import Sequence

from modules.puabo_nexus.tracker.contract import Fix


def recording(*segments: Sequence[Fix]) -> bytes:
    """A track of these segments, with the places and times of its points."""
    lines = ['<gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><trk>']
    for segment in segments:
        points = (
            f'<trkpt lat="{fix.lat!r}" lon="{fix.lon!r}"><time>{fix.fix_at.isoformat()}</time></trkpt>' for fix in segment
        )
        lines += ["<trkseg>", *points, "</trkseg>"]
    return "\n".join([*lines, "</trk></gpx>"]).encode()
