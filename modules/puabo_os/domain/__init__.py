"""The rules of PUABO OS."""
