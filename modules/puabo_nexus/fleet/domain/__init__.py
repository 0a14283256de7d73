"""The rules of the fleet as pure functions and values."""
