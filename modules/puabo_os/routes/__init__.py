"""The HTTP face of PUABO OS."""
