"""What PUABO OS reads."""
