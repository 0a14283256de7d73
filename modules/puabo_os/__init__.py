"""PUABO OS: it watches the platform and takes requests for it. Nothing stops when it is down."""
