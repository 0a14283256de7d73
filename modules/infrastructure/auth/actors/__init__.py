"""The behaviour of auth-ms."""
