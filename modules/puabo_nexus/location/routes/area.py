"""Areas in bodies, and how the documentation shows them."""

from typing import Annotated

from msgspec import Meta, Raw

AreaDocument = Annotated[
    Raw,
    Meta(
        description="A Circle, or GeoJSON (RFC 7946) that holds one Polygon or MultiPolygon, alone or in a Feature.",
        extra_json_schema={
            "type": "object",
            "required": ["type"],
            "properties": {
                "type": {"enum": ["Circle", "Polygon", "MultiPolygon", "Feature", "FeatureCollection", "GeometryCollection"]}
            },
            "examples": [
                {"type": "Circle", "lat": 45.8, "lon": 15.97, "radius_m": 200},
                {"type": "Polygon", "coordinates": [[[15.9, 45.8], [16.0, 45.8], [16.0, 45.9], [15.9, 45.8]]]},
            ],
        },
    ),
]
"""JSON that `read_shape` reads: not bound to a type here, because GeoJSON allows foreign members and bodies do not."""
