"""Making the files of a new service, in the shape that all services have (docs/services.md)."""
