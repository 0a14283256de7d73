class EmbeddedServerError(Exception):
    """Raised when an embedded server cannot start or run; the message says why and what to do."""
