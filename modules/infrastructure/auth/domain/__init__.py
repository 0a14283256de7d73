"""The rules of auth-ms as pure functions and values."""
