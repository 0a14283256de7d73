"""The rules of tracks and trips: pure functions and values."""
