"""Formats that tracks come and go in."""
