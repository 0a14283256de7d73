"""The HTTP face of location-ms."""
