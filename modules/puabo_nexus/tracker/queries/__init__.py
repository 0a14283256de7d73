"""What the service reads and writes: SQL."""
