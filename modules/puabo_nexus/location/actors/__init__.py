"""The behaviour of location-ms: geofences, and vehicles that cross them."""
