"""What location-ms reads."""
