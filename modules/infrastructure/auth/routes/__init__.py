"""The HTTP face of auth-ms."""
