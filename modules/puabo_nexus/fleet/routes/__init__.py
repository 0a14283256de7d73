"""The HTTP face of the fleet service."""
